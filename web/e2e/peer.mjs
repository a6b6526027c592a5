// The same tasks on the page of Truce and on Cockpit's, each with its clicks and how long until the page shows the
// outcome: one JSON document. Run by tests/bench/peer.py; both have a machine `bench` that is off.
import { address, newPage, open, token } from './browser.mjs'

const name = 'bench'

/** Counts clicks, and measures from the first of them until `shown`. */
class Hand {
  constructor() {
    this.tasks = {}
  }
  async task(title, steps, shown) {
    const begin = performance.now()
    for (const step of steps) await step()
    await shown()
    this.tasks[title] = { ms: performance.now() - begin, clicks: steps.length }
  }
}

async function truce(hand, page) {
  await page.addInitScript((key) => sessionStorage.setItem('truce-token', key), token)
  const shows = (state) => () => page.getByRole('heading', { level: 1 }).getByText(state, { exact: true }).waitFor()
  const button = (title) => () => page.getByRole('button', { name: title, exact: true }).click()
  const inDialog = (title) => () => page.getByRole('dialog').getByRole('button', { name: title, exact: true }).click()
  await hand.task('open', [], async () => {
    await page.goto(`${address}/machines`)
    await page.getByRole('link', { name, exact: true }).waitFor()
  })
  await hand.task('machine', [() => page.getByRole('link', { name, exact: true }).click()], shows('off'))
  await hand.task('start', [button('Start')], shows('running'))
  await page.getByRole('tab', { name: 'Snapshots' }).click()
  await hand.task('snapshot', [button('Take snapshot'), () => page.getByRole('dialog').getByLabel('Name').fill('first'), inDialog('Create')], () =>
    page.getByText('first', { exact: true }).waitFor(),
  )
  await hand.task('power off', [button('Power off')], shows('off'))
}

async function cockpit(hand, page) {
  const frame = page.frameLocator('iframe[name="cockpit1:localhost/machines"]')
  const machine = frame.getByRole('button', { name }).or(frame.getByRole('link', { name })).first()
  const shows = (state) => () => frame.getByText(state, { exact: true }).first().waitFor()
  await hand.task('open', [], async () => {
    await page.goto(`${address}/machines`)
    const ignore = frame.getByRole('button', { name: 'Ignore' }) // without KVM it asks first
    await ignore.or(machine).first().waitFor()
    if (await ignore.isVisible()) await ignore.click()
    await machine.waitFor()
  })
  await hand.task('machine', [() => machine.click()], shows('Shut off'))
  await hand.task('start', [() => frame.getByRole('button', { name: 'Run', exact: true }).click()], shows('Running'))
  const dialog = frame.getByRole('dialog')
  await hand.task(
    'snapshot',
    [
      () => frame.getByRole('button', { name: 'Create snapshot' }).click(),
      () => dialog.getByLabel('Name').fill('first'),
      () => dialog.getByRole('button', { name: 'Create', exact: true }).click(),
    ],
    () => frame.getByText('first', { exact: true }).first().waitFor(),
  )
  await hand.task(
    'power off',
    [
      () => frame.locator('[id$=action-kebab]').first().click(),
      () => frame.getByRole('menuitem', { name: 'Force shut down' }).or(frame.getByText('Force shut down')).first().click(),
    ],
    shows('Shut off'),
  )
}

const { browser, page: unused } = await open()
await unused.context().close()
const page = await newPage(browser)
const wire = await page.context().newCDPSession(page)
await wire.send('Network.enable')
let bytes = 0
wire.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength))
const hand = new Hand()
await (process.env.TRUCE_PEER === 'cockpit' ? cockpit : truce)(hand, page)
await browser.close()
console.log(JSON.stringify({ tasks: hand.tasks, bytes }))
