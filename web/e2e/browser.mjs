// A browser that looks at the console as people do: Debian's Chromium, driven by Playwright.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const flags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
]

export const { TRUCE_WEB_URL: address, TRUCE_WEB_TOKEN: token, TRUCE_WEB_SHOTS: shots } = process.env
export const patience = 60_000

/** The command line of the same server. */
export const truce = (...words) => execFileSync(process.env.TRUCE_CLI, words, { encoding: 'utf8' })

export async function open() {
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: flags })
  return { browser, page: await newPage(browser) }
}

export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 720 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(patience)
  page.faults = []
  page.on('pageerror', (error) => page.faults.push(String(error)))
  page.on('console', (message) => message.type() === 'error' && page.faults.push(message.text()))
  return page
}

export async function giveToken(page, key) {
  await page.getByRole('button', { name: 'Use a token instead' }).click()
  await page.getByLabel('Token').fill(key)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

export async function signIn(page, path = '/', key = token) {
  await page.goto(address + path)
  await giveToken(page, key)
  await page.getByTestId('who').waitFor()
}

/** Chooses from the menu of who is signed in. */
export async function choose(page, item) {
  await page.getByTestId('who').click()
  await page.getByRole('menuitem', { name: item }).click()
}

/** Waits until what is shown changes no more by itself: colours fade, and in between nobody can read them. */
export async function settled(page) {
  await page.evaluate(() => Promise.allSettled(document.getAnimations()
    .filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity).map(({ finished }) => finished)))
}

export async function shot(page, name) {
  if (shots) await page.screenshot({ path: `${shots}/${name}.png` })
}

const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8')

/** The serious faults that axe finds in what is shown, as lines. */
export async function faultsOf(page) {
  await settled(page)
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] }))
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)}`))
}

/** Plays the scenario that the command line names; a fault of the page is a fault of the scenario. */
export async function play(scenarios) {
  const name = process.argv[2]
  const eyes = await open()
  try {
    await scenarios[name](eyes)
    assert.deepEqual(eyes.page.faults, [], 'the page has no faults')
  } catch (error) {
    await shot(eyes.page, `failed-${name}`)
    throw error
  } finally {
    await eyes.browser.close()
  }
}
