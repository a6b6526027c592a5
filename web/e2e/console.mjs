// What people do with the console, one scenario a run: `node console.mjs NAME`. The daemon, its address and tokens come
// from tests/e2e/web_test.py.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { address, choose, faultsOf, giveToken, newPage, patience, play, shot, shots, signIn, truce } from './browser.mjs'

const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })

async function state(page, word) {
  await page.getByRole('heading', { level: 1 }).getByText(word, { exact: true }).waitFor()
}

/** Pixels of the screen that are not its darkest. */
const bright = (page) =>
  page.evaluate(() => {
    const canvas = document.querySelector('[data-testid=screen] canvas')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    let count = 0
    for (let at = 0; at < data.length; at += 4) if (data[at] + data[at + 1] + data[at + 2] > 100) count += 1
    return count
  })

await play({
  async sign_in({ page }) {
    await page.goto(`${address}/machines`)
    await shot(page, 'sign-in')
    await giveToken(page, 'truce-wrong')
    await page.getByText('does not know this token').waitFor()
    page.faults.splice(0) // the browser writes down each refusal
    await signIn(page, '/machines')
    await page.getByRole('heading', { name: 'Machines' }).waitFor()
    assert.ok(!page.url().includes('truce-'), 'no secret in an address')
    await page.reload()
    await page.getByTestId('who').waitFor()
    await choose(page, 'Sign out')
    await page.getByRole('button', { name: 'Use a token instead' }).waitFor()
    assert.equal(await page.evaluate(() => JSON.stringify({ ...sessionStorage, ...localStorage }).includes('truce-w')), false)
  },

  async life({ page }) {
    await signIn(page, '/machines')
    await page.getByRole('button', { name: 'Create machine' }).click()
    const dialog = page.getByRole('dialog')
    const next = dialog.getByRole('button', { name: 'Next', exact: true })
    assert.ok(await next.isDisabled(), 'it has to begin with something')
    await dialog.getByLabel('Template', { exact: true }).selectOption('tiny@1')
    await next.click()
    await dialog.getByRole('textbox', { name: 'Name' }).fill('web01')
    await dialog.getByLabel('Memory', { exact: true }).fill('128MiB')
    await dialog.getByLabel('Disk', { exact: true }).fill('16MiB')
    await next.click()
    assert.deepEqual(await faultsOf(page), [])
    await next.click()
    await next.click()
    await dialog.getByRole('button', { name: 'The same by command' }).click()
    assert.equal(
      await dialog.getByRole('textbox', { name: 'Command' }).inputValue(),
      'truce vm create web01 --start --template tiny@1 --memory 128MiB --disk 16MiB',
    )
    await shot(page, 'create')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await state(page, 'running')
    await page.getByRole('tab', { name: 'Screen' }).click()
    await page.locator('[data-testid=screen][data-state=connected] canvas').waitFor()
    await page.waitForFunction(() => document.querySelector('[data-testid=screen] canvas').width > 300)
    const until = Date.now() + patience
    while ((await bright(page)) < 100) assert.ok(Date.now() < until, 'the firmware writes on the screen')
    await shot(page, 'screen')
    await page.getByRole('tab', { name: 'Serial console' }).click()
    await page.locator('[data-testid=serial][data-state=connected]').waitFor()
    await page.locator('[data-testid=serial]').getByText('truce-tiny: ready').first().waitFor({ timeout: 3 * patience })
    await page.locator('[data-testid=serial] textarea').focus()
    await page.keyboard.type('echo $((6*7))-answers\n')
    await page.locator('[data-testid=serial]').getByText('42-answers').first().waitFor()
    await page.keyboard.press('Control+Alt+Home')
    assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Full screen', 'the keyboard is no trap')
    await shot(page, 'serial')
    await page.getByRole('tab', { name: 'Disks' }).click()
    await page.getByRole('button', { name: 'Add disk' }).click()
    await page.getByRole('dialog').getByLabel('Size').fill('32MiB')
    await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('cell', { name: 'disk1' }).waitFor()
    await shot(page, 'disks')
    await page.getByRole('tab', { name: 'Snapshots' }).click()
    await page.getByRole('button', { name: 'Take snapshot' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill('before')
    await page.getByRole('dialog').getByRole('button', { name: 'Create', exact: true }).click()
    await page.locator('.truce-tree').getByText('before').waitFor()
    await shot(page, 'snapshots')
    await page.getByRole('tab', { name: 'Summary' }).click()
    await shot(page, 'machine')
    await page.getByRole('button', { name: 'Power off' }).click()
    await state(page, 'off')
    await page.getByRole('tab', { name: 'Snapshots' }).click()
    await page.getByRole('button', { name: 'Restore' }).click()
    await page.getByText('Restore: before').waitFor()
    await page.getByRole('button', { name: 'Delete', exact: true }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { name: 'Machines' }).waitFor()
    await row(page, 'web01').waitFor({ state: 'detached' })
    for (let tries = 0; truce('vm', 'list').includes('web01'); tries++) {
      assert.ok(tries < 100, 'the machine is still there')
      await page.waitForTimeout(100)
    }
  },

  async two_browsers({ browser, page }) {
    const other = await newPage(browser)
    await signIn(page, '/machines')
    await signIn(other, '/machines')
    truce('vm', 'create', 'seen', '--template', 'tiny', '--memory', '64MiB')
    await row(page, 'seen').waitFor()
    await row(other, 'seen').waitFor()
    const begin = Date.now()
    truce('vm', 'set', 'seen', '--labels', 'tier=web')
    await row(page, 'seen').getByText('tier=web').waitFor()
    console.log(`a change by the command is seen after ${Date.now() - begin} ms, with the command's own time`)
    await row(page, 'seen').getByRole('checkbox').check()
    await page.getByRole('button', { name: '1 selected' }).click()
    await page.getByRole('menuitem', { name: /^Delete/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await row(other, 'seen').waitFor({ state: 'detached' })
    assert.deepEqual(other.faults, [])
  },

  async finds({ page }) {
    for (let n = 0; n < 3; n += 1) truce('vm', 'create', `find${n}`, '--template', 'tiny', '--memory', '64MiB')
    await signIn(page, '/machines')
    await row(page, 'find2').waitFor()
    await page.getByLabel('Find by name').fill('find1')
    await row(page, 'find2').waitFor({ state: 'detached' })
    await row(page, 'find1').waitFor()
    assert.match(page.url(), /contains=find1/)
    await page.reload()
    await row(page, 'find1').waitFor()
    assert.equal(await row(page, 'find2').count(), 0)
    for (let n = 0; n < 3; n += 1) truce('vm', 'delete', `find${n}`)
  },

  async roles_refuse({ page }) {
    truce('vm', 'create', 'kept', '--template', 'tiny', '--memory', '64MiB')
    await signIn(page, '/machines/kept', process.env.TRUCE_WEB_VIEWER)
    await state(page, 'off')
    for (const name of ['Start', 'Delete', 'Create machine']) assert.equal(await page.getByRole('button', { name, exact: true }).count(), 0, name)
    assert.equal(await page.getByRole('tab', { name: 'Serial console' }).count(), 0)
    assert.equal(await page.getByRole('link', { name: 'Access' }).count(), 0)
    const status = await page.evaluate(async () => {
      const headers = { Authorization: `Bearer ${sessionStorage.getItem('truce-token')}` }
      return (await fetch('/v1/vms/kept', { method: 'DELETE', headers })).status
    })
    assert.equal(status, 403)
    page.faults.splice(0)
    truce('vm', 'delete', 'kept')
  },

  // The daemon is stopped and started by the test, told by a line on standard output.
  async connection({ page }) {
    await signIn(page, '/machines')
    await page.getByRole('heading', { name: 'Machines' }).waitFor()
    console.log('ready to lose')
    await page.getByTestId('lost').waitFor()
    await shot(page, 'lost')
    console.log('lost')
    await page.getByTestId('lost').waitFor({ state: 'detached' })
    truce('vm', 'create', 'after', '--template', 'tiny', '--memory', '64MiB')
    await row(page, 'after').waitFor()
    truce('vm', 'delete', 'after')
    page.faults.splice(0) // each refused connection
  },

  async settings({ page }) {
    await signIn(page, '/settings')
    await page.getByRole('button', { name: 'Read the configuration again' }).click()
    await page.getByText('Nothing has changed.').waitFor()
    for (const [name, begins] of [['Fetch a backup', 'SQLite format 3'], ['Fetch a support bundle', '\x28\xb5\x2f\xfd']]) {
      const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name }).click()])
      const content = readFileSync(await download.path(), 'latin1')
      assert.ok(content.startsWith(begins), name)
    }
  },

  async views({ browser, page }) {
    truce('vm', 'create', 'shown', '--template', 'tiny', '--memory', '64MiB', '--disk', '16MiB')
    await signIn(page)
    const paths = ['', 'machines', 'hosts', 'networks', 'security-groups', 'pools', 'resource-pools', 'conflict-classes', 'templates', 'platforms', 'uploads', 'users', 'sessions', 'alarms', 'tokens', 'account',
      'tasks', 'events', 'settings', 'pools/default', 'networks/default', ...['summary', 'disks', 'cards', 'snapshots', 'settings', 'tasks', 'events'].map((tab) => `machines/shown/${tab}`)]
    // In a short run each view is looked at in one of the themes.
    const shown = (turn) => paths.filter((_, number) => process.env.TRUCE_LONG_TESTS === '1' || shots || number % 2 === turn)
    for (const [turn, theme] of ['light', 'dark'].entries()) {
      for (const path of shown(turn)) {
        await page.evaluate((where) => {
          history.pushState({}, '', where)
          dispatchEvent(new PopStateEvent('popstate'))
        }, `/${path}`)
        await page.getByRole('heading', { level: 1 }).waitFor()
        while ((await page.getByLabel('Loading').count()) > 0) await page.getByLabel('Loading').first().waitFor({ state: 'detached' })
        await page.waitForTimeout(300) // what comes after the first page of a list
        await shot(page, `${theme}-${path.replaceAll('/', '-') || 'overview'}`)
        assert.deepEqual(await faultsOf(page), [], `${theme}: /${path}`)
      }
      await choose(page, 'Dark or light')
    }
    const phone = await newPage(browser, { viewport: { width: 390, height: 844 } })
    await signIn(phone, '/machines')
    await row(phone, 'shown').waitFor()
    await shot(phone, 'phone-machines')
    truce('vm', 'delete', 'shown')
  },

  async forms({ page }) {
    await signIn(page, '/networks')
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('lab')
    await dialog.getByLabel('Subnet', { exact: true }).fill('10.300.0.0/24')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await dialog.getByRole('alert').or(dialog.locator('.pf-v6-c-alert')).first().waitFor()
    await shot(page, 'refused')
    page.faults.splice(0)
    await dialog.getByLabel('Subnet', { exact: true }).fill('10.99.0.0/24')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('link', { name: 'lab', exact: true }).click()
    await page.getByText('10.99.0.0/24').first().waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { name: 'Networks' }).waitFor()
    await page.getByRole('link', { name: 'lab', exact: true }).waitFor({ state: 'detached' })
  },
})
