// How quick the console is with very many machines: one JSON document of samples. Run by tests/bench/web.py, which names
// the daemon by the environment; its machines are vm-00000 to the one before TRUCE_WEB_MACHINES.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { address, newPage, open, token } from './browser.mjs'

const machines = Number(process.env.TRUCE_WEB_MACHINES)
const repeats = Number(process.env.TRUCE_WEB_REPEATS)
const truce = (...words) => promisify(execFile)(process.env.TRUCE_CLI, words)
const nameOf = (number) => `vm-${String(number).padStart(5, '0')}`

/** Runs in the page: answers when what is drawn fulfils `true_()`, in ms of the page's clock. */
function inPage() {
  globalThis.drawn = (isTrue) =>
    new Promise((resolve) => {
      const look = () => {
        if (!isTrue()) return false
        seen.disconnect()
        requestAnimationFrame(() => resolve(performance.now()))
        return true
      }
      const seen = new MutationObserver(look)
      if (!look()) seen.observe(document, { subtree: true, childList: true, characterData: true, attributes: true })
    })
  globalThis.rows = () => [...document.querySelectorAll('.truce-table tbody a')].map((link) => link.textContent)
  globalThis.count = () => Number(document.querySelector('[data-testid=count]')?.textContent.replace(/\D/g, ''))
}

async function prepared(browser, path) {
  const page = await newPage(browser)
  await page.addInitScript((key) => sessionStorage.setItem('truce-token', key), token)
  await page.addInitScript(inPage)
  const wire = await page.context().newCDPSession(page)
  await wire.send('Network.enable')
  const kinds = new Map()
  page.bytes = 0
  wire.on('Network.responseReceived', ({ requestId, response }) => kinds.set(requestId, new URL(response.url).pathname))
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    if (!kinds.get(requestId)?.startsWith('/v1')) page.bytes += encodedDataLength
  })
  await page.goto(address + path, { waitUntil: 'commit' })
  return page
}

/** From the address to rows that can be used, with nothing in the cache. */
async function firstView(browser) {
  const page = await prepared(browser, '/machines')
  const ms = await page.evaluate((first) => globalThis.drawn(() => globalThis.rows().includes(first)), nameOf(0))
  await page.waitForLoadState('networkidle', { timeout: 3000 }).catch(() => {}) // the stream never ends
  const bytes = page.bytes
  await page.context().close()
  return { ms, bytes }
}

const scrolled = (page, number) =>
  page.evaluate(
    async ([place, name]) => {
      const frame = document.querySelector('.truce-table-frame')
      const height = document.querySelector('.truce-table tbody tr').getBoundingClientRect().height
      const begin = performance.now()
      frame.scrollTop = place * height
      return (await globalThis.drawn(() => globalThis.rows().includes(name))) - begin
    },
    [number, nameOf(number + 2)],
  )

async function typed(page, text) {
  const match = Array.from({ length: machines }, (_, number) => nameOf(number)).filter((name) => name.includes(text)).length
  await page.getByLabel('Find by name').fill('')
  await page.evaluate((all) => globalThis.drawn(() => globalThis.count() === all), machines)
  await page.getByLabel('Find by name').focus()
  const shown = page.evaluate(
    ([letters, expected]) =>
      new Promise((resolve) => {
        let begin = 0
        document.addEventListener('keydown', () => (begin = performance.now()))
        globalThis.drawn(() => begin && globalThis.count() === expected && globalThis.rows().every((name) => name.includes(letters))).then((end) => resolve(end - begin))
      }),
    [text, match],
  )
  await page.keyboard.type(text)
  return shown
}

async function changed(page, turn) {
  const label = `turn=${turn}x${process.pid}`
  const seen = page.evaluate(async (text) => {
    await globalThis.drawn(() => document.querySelector('.truce-table tbody').textContent.includes(text))
    return Date.now()
  }, label)
  const begin = Date.now()
  await truce('vm', 'set', nameOf(1), '--labels', label)
  return (await seen) - begin
}

const { browser, page: unused } = await open()
await unused.context().close()
const samples = { first: [], bytes: [], scroll: [], filter: [], change: [] }
for (let turn = 0; turn < repeats; turn += 1) {
  const { ms, bytes } = await firstView(browser)
  samples.first.push(ms)
  samples.bytes.push(bytes)
}
const page = await prepared(browser, '/machines')
await page.evaluate((all) => globalThis.drawn(() => globalThis.count() === all), machines)
for (let turn = 0; turn < repeats * 4; turn += 1) {
  samples.scroll.push(await scrolled(page, (turn * 7919 + 500) % (machines - 50)))
  await page.waitForTimeout(100)
}
await page.evaluate(() => (document.querySelector('.truce-table-frame').scrollTop = 0))
for (let turn = 0; turn < repeats * 2; turn += 1) samples.change.push(await changed(page, turn))
for (let turn = 0; turn < repeats * 4; turn += 1) samples.filter.push(await typed(page, String((turn * 37 + 111) % 1000).padStart(3, '0')))
await browser.close()
console.log(JSON.stringify(samples))
