// People sign in, look after their accounts and those of others: `node people.mjs NAME`.
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { address, choose, faultsOf, newPage, play, shot, truce } from './browser.mjs'

const password = 'correct horse battery'
const button = (page, name) => page.getByRole('button', { name, exact: true })
const dialog = (page) => page.getByRole('dialog')

async function signInAs(page, user, path = '/', secret = password) {
  await page.goto(address + path)
  await enter(page, user, secret)
  await page.getByTestId('who').waitFor()
}

async function enter(page, user, secret) {
  await page.locator('#user').fill(user)
  await page.locator('#password').fill(secret)
  await button(page, 'Sign in').click()
}

/** The six digits of RFC 6238 for a secret in base 32, so many steps from now. */
function codeOf(secret, steps = 0) {
  const bits = [...secret.replaceAll('=', '')].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const hash = createHmac('sha1', key).update(counter).digest()
  const at = hash.at(-1) & 15
  return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

async function look(page, name) {
  await shot(page, name)
  assert.deepEqual(await faultsOf(page), [], name)
}

/** The refusals that a scenario means to see are written down by the browser as faults. */
const forgive = (page) => page.faults.splice(0)

await play({
  async first_run({ page }) {
    await page.goto(`${address}/networks`)
    await page.locator('#code').fill('ABCD-EFGH-JKLM-NPQR')
    await page.locator('#name').fill('eva')
    await page.locator('#password').fill('short')
    await page.getByText('7 more characters').waitFor()
    await page.locator('#password').fill(password)
    await page.locator('#password-again').fill('correct horse')
    await page.getByText('not the same').waitFor()
    assert.ok(await button(page, 'Make the administrator').isDisabled())
    await page.locator('#password-again').fill(password)
    await look(page, 'first-run')
    await button(page, 'Make the administrator').click()
    await page.locator('#code[aria-invalid=true]').waitFor()
    forgive(page)
    await page.locator('#code').fill(process.env.TRUCE_WEB_CODE)
    await button(page, 'Make the administrator').click()
    await page.getByRole('heading', { name: 'Networks' }).waitFor()
    assert.equal(await page.getByTestId('who').textContent(), 'eva (admin)')
    await page.reload()
    await page.getByTestId('who').waitFor()
    assert.equal(await page.evaluate(() => document.cookie + sessionStorage.length), '0', 'nothing that a script can read')
    await choose(page, 'Sign out')
    await page.locator('#user').waitFor()
    assert.equal(await page.locator('#code').count(), 0, 'there is a user now')
    await look(page, 'sign-in')
  },

  async second_factor({ browser, page }) {
    await signInAs(page, 'eva', '/account')
    await button(page, 'Turn on').click()
    await dialog(page).locator('#proof').fill('not my password')
    await button(page, 'Next').click()
    await dialog(page).locator('.pf-v6-c-alert').waitFor()
    forgive(page)
    await dialog(page).locator('#proof').fill(password)
    await button(page, 'Next').click()
    await page.getByRole('img', { name: 'QR code' }).waitFor()
    await look(page, 'second-factor')
    const secret = await dialog(page).getByRole('textbox', { name: 'Secret' }).inputValue()
    await dialog(page).locator('#first-code').fill(codeOf(secret))
    await button(page, 'Confirm').click()
    await page.getByTestId('recovery').getByRole('listitem').first().waitFor()
    const codes = await page.getByTestId('recovery').getByRole('listitem').allTextContents()
    assert.equal(codes.length, 10)
    await look(page, 'recovery')
    await button(page, 'I have kept them').click()
    await page.getByText('On: a code').waitFor()
    await look(page, 'account')

    const other = await newPage(browser)
    await other.goto(address)
    await enter(other, 'eva', password)
    await other.locator('#code').waitFor()
    await other.locator('#code').fill('000000')
    await button(other, 'Sign in').click()
    await other.locator('.pf-v6-c-alert').waitFor()
    await other.locator('#code').fill(codeOf(secret, 1))
    await button(other, 'Sign in').click()
    await other.getByTestId('who').waitFor()

    // The other session is seen, and ended; the other page says so at once.
    await page.getByRole('row').filter({ hasNotText: 'this one' }).getByRole('button', { name: 'End' }).first().click()
    await other.getByText('session has ended').waitFor()
    await enter(other, 'eva', password)
    await other.locator('#code').fill(codes[3])
    await button(other, 'Sign in').click()
    await other.getByTestId('who').waitFor()

    await button(page, 'Turn off').click()
    await dialog(page).locator('#proof').fill(password)
    await dialog(page).getByRole('button', { name: 'Turn off' }).click()
    await page.getByText('Off: whoever').waitFor()
    await button(page, 'Change password').click()
    await dialog(page).locator('#password-now').fill(password)
    await dialog(page).locator('#password-fresh').fill('another horse battery')
    await dialog(page).locator('#password-fresh-again').fill('another horse battery')
    await button(page, 'Save').click()
    await page.getByText('The password is changed').waitFor()
    await other.getByText('session has ended').waitFor()
    truce('user', 'set', 'eva', '--password-file', process.env.TRUCE_WEB_PASSWORD)
    await page.getByText('session has ended').waitFor()
    forgive(page)
  },

  async wrong_password({ page }) {
    await page.goto(`${address}/pools`)
    for (const [user, secret] of [['eva', 'wrong password'], ['nobody', password]]) {
      await enter(page, user, secret)
      await page.locator('.pf-v6-c-alert').waitFor()
      await shot(page, 'wrong-password')
      await page.locator('#password').fill('')
    }
    forgive(page)
    await enter(page, 'eva', password)
    await page.getByRole('heading', { name: 'Storage pools' }).waitFor()
  },

  async session_end({ page }) {
    await signInAs(page, 'eva', '/pools/default?x=1')
    await page.getByRole('heading', { name: 'default' }).waitFor()
    for (const { name } of JSON.parse(truce('session', 'list', '--format', 'json')).items) truce('session', 'delete', name)
    await page.getByText('session has ended').waitFor()
    await look(page, 'session-ended')
    forgive(page)
    await enter(page, 'eva', password)
    await page.getByRole('heading', { name: 'default' }).waitFor()
    assert.match(page.url(), /\/pools\/default\?x=1$/)

    // Shortly before the end it warns; the server's moment is brought nearer than it is.
    await page.route('**/v1', async (route) => {
      const response = await route.fetch()
      const server = await response.json()
      await route.fulfill({ response, json: { ...server, session_expires: new Date(Date.now() + 240_000).toISOString() } })
    })
    await page.reload()
    await page.getByTestId('ending').waitFor()
    await look(page, 'session-ending')
    await page.unroute('**/v1')
    await button(page, 'Sign in again').click()
    await dialog(page).locator('#password').fill(password)
    await dialog(page).getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByTestId('ending').waitFor({ state: 'detached' })
    // What changes something has the new session's key.
    await page.goto(`${address}/resource-pools`)
    await button(page, 'Create').click()
    await dialog(page).getByLabel('Name').fill('after')
    await dialog(page).getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('link', { name: 'after' }).waitFor()
    truce('resource-pool', 'delete', 'after')
  },

  async users({ browser, page }) {
    await signInAs(page, 'eva', '/users')
    await button(page, 'Create').click()
    await dialog(page).getByLabel('Name').fill('otto')
    await dialog(page).getByLabel('Role').selectOption('operator')
    await dialog(page).locator('#UserCreate-password').fill(password)
    assert.ok(await dialog(page).getByRole('button', { name: 'Create', exact: true }).isDisabled(), 'not before it is typed twice')
    await dialog(page).locator('#UserCreate-password-again').fill(password)
    await dialog(page).getByRole('button', { name: 'The same by command' }).click()
    assert.ok(!(await dialog(page).textContent()).includes(password), 'the password is not shown')
    await dialog(page).getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('link', { name: 'otto' }).click()
    await page.getByRole('heading', { name: 'otto', exact: true }).waitFor()
    await look(page, 'user')

    const other = await newPage(browser)
    await signInAs(other, 'otto', '/machines')
    assert.equal(await other.getByRole('link', { name: 'Users' }).count(), 0)
    assert.equal(await button(other, 'Create machine').count(), 1)
    await button(page, 'Change').click()
    await dialog(page).getByLabel('Role').selectOption('viewer')
    await button(page, 'Save').click()
    await page.getByRole('definition').getByText('viewer', { exact: true }).waitFor()
    await other.reload()
    await other.getByTestId('who').getByText('viewer').waitFor()
    assert.equal(await button(other, 'Create machine').count(), 0)

    await button(page, 'Set password').click()
    await dialog(page).locator('#user-password').fill('something else entirely')
    await dialog(page).locator('#user-password-again').fill('something else entirely')
    await button(page, 'Save').click()
    await other.getByText('session has ended').waitFor()
    await enter(other, 'otto', 'something else entirely')
    await other.getByTestId('who').waitFor()
    await button(page, 'Change').click()
    await dialog(page).locator('#UserChange-disabled').check({ force: true })
    await button(page, 'Save').click()
    await other.getByText('session has ended').waitFor()
    await button(page, 'Delete').click()
    await dialog(page).getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { name: 'Users' }).waitFor()
    await page.getByRole('link', { name: 'otto' }).waitFor({ state: 'detached' })
    await page.goto(`${address}/sessions`)
    await page.getByRole('row').filter({ hasText: 'eva' }).first().waitFor()
    await look(page, 'sessions')
  },
})
