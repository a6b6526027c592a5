// What people do with many machines at once, and what the console tells of the estate: `node estate.mjs NAME`. The daemon's
// machines pretend; its address and tokens come from tests/e2e/web_test.py.
import assert from 'node:assert/strict'
import { address, faultsOf, newPage, play, settled, shot, signIn, token, truce } from './browser.mjs'

const row = (page, name) => page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) })
const count = (page, text) => page.getByTestId('count').getByText(text, { exact: true }).waitFor()
const names = (page) => page.locator('.truce-table tbody a').allTextContents()
const nameOf = (number) => `many-${String(number).padStart(3, '0')}`
const many = 150
const mib = 2 ** 20

async function api(page, method, path, data) {
  const answer = await page.request.fetch(address + path, { method, data, headers: { Authorization: `Bearer ${token}` } })
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`)
  return answer.status() === 204 ? undefined : answer.json()
}

/** Machines that take no room: `number` gives them their memory, so that its order is not that of their names. */
async function makeMany(page, total = many) {
  for (let number = 0; number < total; number += 1) {
    await api(page, 'POST', '/v1/vms', { name: nameOf(number), memory: (64 + ((number * 7) % total)) * mib, disk: mib, labels: { tier: number % 2 ? 'odd' : 'even' } })
  }
  while ((await api(page, 'GET', '/v1/tasks?state=running&limit=1')).items.length > 0) await page.waitForTimeout(200)
}

/** Both themes, and a telephone: what is shown has no serious fault. */
async function looksGood(browser, page, path, name) {
  for (const theme of ['light', 'dark']) {
    await page.evaluate((dark) => document.documentElement.classList.toggle('pf-v6-theme-dark', dark), theme === 'dark')
    await settled(page)
    await shot(page, `estate-${theme}-${name}`)
    assert.deepEqual(await faultsOf(page), [], `${theme}: ${path}`)
  }
  const phone = await newPage(browser, { viewport: { width: 390, height: 844 } })
  await signIn(phone, path)
  await phone.getByRole('heading', { level: 1 }).waitFor()
  await phone.waitForTimeout(1000)
  await shot(phone, `estate-phone-${name}`)
  assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${path} is no wider than a telephone`)
  await phone.context().close()
}

await play({
  async table({ browser, page }) {
    await makeMany(page)
    await signIn(page, '/machines')
    await count(page, `${many} machines`)
    const memory = page.getByRole('columnheader', { name: 'Memory' })
    await memory.getByRole('button').click()
    await row(page, nameOf(0)).waitFor()
    assert.equal(await memory.getAttribute('aria-sort'), 'ascending')
    await memory.getByRole('button').click()
    await page.waitForFunction(() => new URL(location.href).searchParams.get('descending') === 'true')
    const largest = nameOf([...Array(many).keys()].find((number) => (number * 7) % many === many - 1))
    await row(page, largest).waitFor()
    assert.equal((await names(page))[0], largest)
    await page.reload()
    await row(page, largest).waitFor()
    assert.equal((await names(page))[0], largest, 'the address keeps the order')

    // Its end is read when it is scrolled to, by the keyboard too.
    await page.getByRole('region', { name: 'Machines' }).focus()
    await page.keyboard.press('End')
    await row(page, nameOf(0)).waitFor()
    const shown = await page.getByRole('table').getAttribute('aria-rowcount')
    assert.equal(Number(shown), many + 1)

    // What another changes is seen in its place, and where it belongs.
    await page.getByLabel('Find by name').pressSequentially('many-00')
    await count(page, '10 machines')
    truce('vm', 'set', nameOf(4), '--labels', 'seen=here')
    await row(page, nameOf(4)).getByText('seen=here').waitFor()
    truce('vm', 'set', nameOf(4), '--memory', '900MiB')
    await page.waitForFunction((first) => document.querySelector('.truce-table tbody a').textContent === first, nameOf(4))
    truce('vm', 'create', 'many-00x', '--memory', '950MiB', '--disk', '1MiB')
    await count(page, '11 machines')
    assert.equal((await names(page))[0], 'many-00x')
    truce('vm', 'delete', 'many-00x')
    await count(page, '10 machines')
    await looksGood(browser, page, '/machines', 'machines')
  },

  async all_that_match({ page }) {
    await makeMany(page)
    await signIn(page, '/machines?contains=many-0')
    await count(page, '100 machines')
    await page.getByLabel('Select all 100').check()
    await row(page, nameOf(3)).getByRole('checkbox').uncheck()
    await page.getByRole('region', { name: 'Machines' }).evaluate((frame) => (frame.scrollTop = frame.scrollHeight))
    await row(page, nameOf(99)).getByRole('checkbox').waitFor()
    assert.ok(await row(page, nameOf(99)).getByRole('checkbox').isChecked(), 'what comes is selected')
    await page.getByRole('button', { name: '99 selected' }).click()
    await page.getByRole('menuitem', { name: 'Start' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click()
    await page.getByText('Start: 99 done').waitFor()
    await shot(page, 'estate-bulk')
    const running = await api(page, 'GET', '/v1/vms?observed=running&offset=0&limit=1')
    assert.equal(running.total, 99)
    await page.getByLabel('Select all 100').check()
    await page.getByRole('button', { name: '100 selected' }).click()
    await page.getByRole('menuitem', { name: 'Power off' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Power off' }).click()
    await page.getByText('Power off: 99 done').waitFor()
  },

  async overview({ browser, page }) {
    await signIn(page, '/')
    const states = page.getByTestId('machine-states')
    await states.getByText('0', { exact: true }).waitFor()
    await page.getByTestId('problems').getByText('Nothing is wrong.').waitFor()
    truce('vm', 'create', 'counted', '--memory', '64MiB', '--disk', '1MiB', '--start')
    await states.getByRole('link', { name: 'running 1' }).waitFor()
    await page.getByRole('group', { name: 'Memory' }).getByText('64MiB given to running machines').waitFor()
    await looksGood(browser, page, '/', 'overview')
    await states.getByRole('link', { name: 'running 1' }).click()
    await count(page, '1 machine')
    truce('vm', 'delete', 'counted', '--force')
    await count(page, '0 machines')
  },

  async charts({ browser, page }) {
    truce('vm', 'create', 'measured', '--memory', '64MiB', '--disk', '1MiB', '--start')
    await signIn(page, '/machines/measured/metrics')
    const chart = page.getByTestId('chart-cpu')
    // With the second sample, without a reload; it is said in words, too.
    await page.getByRole('img', { name: /Processors\. cpu: \S+ % on average/ }).locator('canvas').waitFor()
    for (const range of ['Day', 'Year', 'Hour']) {
      await page.getByRole('button', { name: range }).click()
      await chart.locator('canvas').waitFor()
    }
    await looksGood(browser, page, '/machines/measured/metrics', 'metrics')
    await page.getByText('As a table').click()
    await page.getByRole('columnheader', { name: 'Cpu', exact: true }).waitFor()
    assert.deepEqual(await faultsOf(page), [])
    await page.getByRole('link', { name: 'Usage' }).click()
    await row(page, 'measured').waitFor()
    await looksGood(browser, page, '/usage', 'usage')
    await page.goto(`${address}/hosts/here`)
    await page.getByTestId('chart-memory').locator('canvas').waitFor()
    await page.getByRole('tab', { name: 'What it has and lacks' }).click()
    await page.getByRole('tabpanel', { name: 'What it has and lacks' }).getByText('Nothing here yet').waitFor() // it pretends
    await page.getByRole('tab', { name: 'Its machines' }).click()
    await row(page, 'measured').waitFor()
    await looksGood(browser, page, '/hosts/here', 'host')
    truce('vm', 'delete', 'measured', '--force')
  },

  async alarms({ browser, page }) {
    await signIn(page, '/alarms')
    await page.getByTestId('raised').getByText('No alarm is raised.').waitFor()
    await page.getByRole('button', { name: 'Create', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Name').fill('idle')
    await dialog.getByLabel('Subject').selectOption('vm')
    await dialog.getByLabel('Severity').selectOption('critical')
    await dialog.getByLabel('State').selectOption('off')
    await dialog.getByLabel('For seconds').fill('0')
    await dialog.getByLabel('Webhook').fill('http://127.0.0.1:9/hook')
    await dialog.getByRole('button', { name: 'Create', exact: true }).click()
    await page.getByRole('link', { name: 'idle', exact: true }).waitFor()
    truce('vm', 'create', 'lazy', '--memory', '64MiB', '--disk', '1MiB')
    const bell = page.getByTestId('bell')
    await page.getByTestId('raised').getByRole('link', { name: 'lazy', exact: true }).waitFor()
    await page.getByRole('button', { name: '1 alarm is raised' }).waitFor()
    assert.match(await bell.getAttribute('class'), /attention/)
    await looksGood(browser, page, '/alarms', 'alarms')
    await page.goto(address)
    await page.getByTestId('problems').getByText('vm is off').waitFor()
    await page.getByTestId('bell').click()
    await page.getByRole('cell', { name: 'idle', exact: true }).first().getByRole('link').click()
    await page.getByRole('button', { name: 'Send a test message' }).click()
    await page.getByRole('dialog').getByText(/127\.0\.0\.1:9.*Failed to connect/).waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click()
    truce('vm', 'start', 'lazy')
    await page.getByText('No alarm is raised.').waitFor()
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('heading', { name: 'Raised now' }).waitFor()
    assert.equal(await page.getByRole('link', { name: 'idle', exact: true }).count(), 0)
    truce('vm', 'delete', 'lazy', '--force')
  },
})
