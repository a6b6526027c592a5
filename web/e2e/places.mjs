// Ways through the console: the search, links to objects, files that are sent, a network's picture: `node places.mjs NAME`.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { address, faultsOf, newPage, play, shot, signIn, truce } from './browser.mjs'

const small = ['--disk', '16MiB', '--memory', '64MiB']
const dialog = (page) => page.getByRole('dialog')

async function look(page, name) {
  await page.waitForTimeout(200)
  await shot(page, name)
  assert.deepEqual(await faultsOf(page), [], name)
}

/** The search is there and takes what is typed. */
async function asked(page) {
  await page.waitForFunction(() => document.activeElement?.getAttribute('role') === 'combobox')
}

/** The same address in the dark, and on a phone. */
async function lookEverywhere(browser, page, name, ready) {
  for (const [kind, options] of [['dark', { colorScheme: 'dark' }], ['phone', { viewport: { width: 390, height: 844 } }]]) {
    const other = await newPage(browser, options)
    await signIn(other, new URL(page.url()).pathname)
    await ready(other)
    await look(other, `${name}-${kind}`)
    assert.deepEqual(other.faults, [])
    await other.context().close()
  }
}

await play({
  async search({ browser, page }) {
    for (const name of ['shop1', 'shop2', 'mail']) truce('vm', 'create', name, ...small, '--labels', `tier=${name === 'mail' ? 'office' : 'web'}`)
    await signIn(page, '/machines/mail')
    await page.getByRole('heading', { name: 'mail' }).waitFor()
    await page.keyboard.press('/')
    await dialog(page).getByRole('option', { name: /^mail/ }).waitFor() // looked at last
    await page.keyboard.type('shop')
    await dialog(page).getByRole('option', { name: 'shop2' }).first().waitFor()
    await look(page, 'search')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/machines/shop2')
    await page.goBack()
    await page.waitForURL('**/machines/mail')
    await page.keyboard.press('Control+k')
    await asked(page)
    await page.keyboard.type('tier=office')
    await dialog(page).getByRole('option', { name: /^mail.*labels: tier=office/ }).waitFor()
    await page.getByRole('combobox').fill('confl')
    await dialog(page).getByRole('option', { name: 'Conflict classes' }).waitFor()
    await page.getByRole('combobox').fill('no such thing')
    await dialog(page).getByText('Nothing matches').waitFor()
    await page.keyboard.press('Escape')
    await dialog(page).waitFor({ state: 'detached' })
    // Enter before the answer goes to what the answer then has.
    await page.keyboard.press('Control+k')
    await asked(page)
    await page.keyboard.type('shop1')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/machines/shop1')
    await lookEverywhere(browser, page, 'search', async (other) => {
      await other.getByRole('button', { name: 'Search' }).click()
      await asked(other)
      await other.keyboard.type('shop')
      await dialog(other).getByRole('option', { name: 'shop2' }).first().waitFor()
    })
  },

  async links({ page }) {
    truce('vm', 'create', 'linked', ...small)
    await signIn(page, '/networks/default')
    await page.getByRole('heading', { name: 'default' }).waitFor()
    assert.equal(await page.title(), 'default · Networks · Truce')
    await look(page, 'object')
    await page.getByRole('link', { name: 'Networks' }).last().click()
    await page.getByRole('link', { name: 'default' }).click()
    await page.waitForURL('**/networks/default')
    await page.goBack()
    await page.getByRole('heading', { name: 'Networks' }).waitFor()
    await page.goto(`${address}/networks/absent`)
    await page.getByText("There is no 'absent'").waitFor()
    page.faults.splice(0)
    await page.goto(`${address}/tasks`)
    await page.getByRole('link', { name: 'vm.create' }).first().click()
    await page.getByRole('heading', { name: 'Steps' }).waitFor()
    await look(page, 'task')
    await page.getByRole('link', { name: 'linked' }).click()
    await page.waitForURL('**/machines/linked')
  },

  async upload({ browser, page }) {
    const stillStored = 'Failed to load resource: the server responded with a status of 409 (Conflict)'
    // A raw disk with a partition table, of which nothing repeats.
    const image = randomBytes(24 << 20)
    image.fill(0, 446, 510)
    image.set([0x80, 0, 2, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0x40, 0x9c, 0, 0], 446)
    image.set([0x55, 0xaa], 510)
    const [file, other] = ['Sent_Disk.raw.img', 'Other.img'].map((name) => join(tmpdir(), `${process.pid}-${name}`))
    writeFileSync(file, image)
    image[1 << 20] ^= 1
    writeFileSync(other, image)

    page.on('dialog', (asked) => asked.accept())
    await signIn(page, '/templates')
    const network = await page.context().newCDPSession(page)
    const speed = (bytes) => network.send('Network.emulateNetworkConditions', { offline: false, latency: 5, downloadThroughput: -1, uploadThroughput: bytes })
    await page.getByRole('button', { name: 'Send a file' }).click()
    await dialog(page).getByLabel('File').setInputFiles(file)
    await dialog(page).getByLabel('Template').fill('sent')
    await look(page, 'upload-new')
    await speed(1_000_000) // so that it is not over before it has been looked at
    await dialog(page).getByRole('button', { name: 'Send', exact: true }).click()
    await page.waitForURL('**/uploads/*')
    await page.getByTestId('sent').getByText('left').waitFor()
    await look(page, 'upload')
    await page.getByRole('link', { name: 'Networks' }).first().click()
    await page.getByRole('link', { name: 'Look at it' }).click() // it goes on in other views
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByText('Paused').waitFor()
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.waitForTimeout(1000)
    await page.reload()
    await page.getByLabel('The same file').setInputFiles(other)
    await page.getByText('its checksum differs').waitFor()
    const [{ name, received }] = JSON.parse(truce('upload', 'list', '--format', 'json')).items
    assert.ok(received > 0 && received < image.length, `${received} bytes are kept over the reload`)
    await look(page, 'upload-again')
    await speed(-1)
    const offsets = []
    page.on('request', (request) => request.method() === 'PUT' && offsets.push(Number(new URL(request.url()).searchParams.get('offset'))))
    await page.getByLabel('The same file').setInputFiles(file)
    await page.waitForURL('**/tasks/*')
    await page.getByRole('heading', { level: 1 }).getByText('succeeded').waitFor()
    assert.equal(offsets[0], received, 'only what was missing is sent')
    // What the reload has cut off may still be being stored: the page asks how far it is, and goes on.
    page.faults.splice(0, page.faults.length, ...page.faults.filter((fault) => fault !== stillStored))
    assert.ok(page.url() && !truce('upload', 'list').includes(name))
    await page.getByRole('link', { name: 'sent@1' }).click()
    await page.getByRole('heading', { name: 'sent@1' }).waitFor()
    await page.goto(`${address}/templates`)
    await lookEverywhere(browser, page, 'upload-new', (there) => there.getByRole('button', { name: 'Send a file' }).click())
    truce('template', 'delete', 'sent@1')
  },

  async picture({ browser, page }) {
    truce('network', 'create', 'lab', '--mode', 'isolated', '--subnet', '10.99.0.0/24')
    for (let n = 1; n <= 5; n += 1) truce('vm', 'create', `on${n}`, ...small, '--network', 'lab')
    truce('vm', 'create', 'elsewhere', ...small)
    await signIn(page, '/networks/lab')
    const picture = page.getByTestId('picture')
    await picture.getByRole('link', { name: 'on5, off' }).waitFor()
    assert.equal(await picture.getByRole('link').count(), 5)
    truce('vm', 'start', 'on3')
    await picture.getByRole('link', { name: /^on3, running, 10\.99\.0\.\d+/ }).waitFor()
    await look(page, 'picture')
    await picture.getByRole('link', { name: 'on5, off' }).focus()
    await page.keyboard.press('Enter')
    await page.waitForURL('**/machines/on5')
    await page.goBack()
    await picture.waitFor()
    await lookEverywhere(browser, page, 'picture', (there) => there.getByTestId('picture').waitFor())
    truce('vm', 'delete', 'on5')
    await picture.getByRole('link', { name: /^on5/ }).waitFor({ state: 'detached' })
    for (let n = 1; n <= 4; n += 1) truce('vm', 'delete', `on${n}`, '--force')
    truce('network', 'delete', 'lab')
  },

  async crowd({ page }) {
    truce('network', 'create', 'crowd', '--mode', 'isolated', '--subnet', '10.98.0.0/16')
    await signIn(page, '/networks/crowd')
    await page.getByText('No machine is on it').waitFor()
    const all = (method, path, body) =>
      page.evaluate(
        async ([verb, to, what]) => {
          const headers = { Authorization: `Bearer ${sessionStorage.getItem('truce-token')}`, 'Content-Type': 'application/json' }
          for (let n = 100; n < 310; n += 1) {
            const answer = await fetch(to.replace('N', n), { method: verb, headers, body: what && JSON.stringify({ name: `c${n}`, ...what }) })
            if (!answer.ok) throw new Error(await answer.text())
          }
        },
        [method, path, body],
      )
    await all('POST', '/v1/vms', { network: 'crowd', memory: 64 << 20, disk: 16 << 20 })
    await page.goto(`${address}/machines`)
    const begun = Date.now()
    await page.goto(`${address}/networks/crowd`)
    const picture = page.getByTestId('picture')
    await picture.getByRole('link', { name: 'c299, off' }).waitFor()
    console.log(`a network of 210 machines is drawn ${Date.now() - begun} ms after its address was asked for`)
    assert.equal(await picture.getByRole('link').count(), 200)
    await look(page, 'crowd')
    await page.getByRole('link', { name: 'and 10 more' }).click()
    await page.getByText('210 machines').waitFor()
    await look(page, 'crowd-machines')
    await page.getByRole('button', { name: 'Delete: network crowd' }).click()
    await page.waitForURL((url) => !url.search.includes('network'))
    await all('DELETE', '/v1/vms/cN?force=true')
    await page.getByText('Nothing here yet').waitFor()
    truce('network', 'delete', 'crowd')
  },

  async filters({ page }) {
    truce('vm', 'create', 'one', ...small, '--labels', 'tier=web')
    truce('vm', 'create', 'two', ...small)
    await signIn(page, '/machines?label=tier%3Dweb')
    await page.getByRole('link', { name: 'one', exact: true }).waitFor()
    await page.getByRole('button', { name: 'Save this filter' }).click()
    await dialog(page).getByLabel('Name').fill('webs')
    await page.keyboard.press('Enter')
    await dialog(page).waitFor({ state: 'detached' })
    await look(page, 'filters')
    await page.goto(`${address}/machines`)
    await page.getByRole('link', { name: 'two', exact: true }).waitFor()
    await page.getByRole('button', { name: 'webs', exact: true }).click()
    await page.getByRole('link', { name: 'two', exact: true }).waitFor({ state: 'detached' })
    assert.match(page.url(), /label=tier%3Dweb/)
    await page.getByRole('button', { name: 'Delete: webs' }).click()
    await page.getByRole('button', { name: 'webs', exact: true }).waitFor({ state: 'detached' })
  },
})
