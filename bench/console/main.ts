// The console in a real Chromium: its first paint on a server and a browser that have just started, and how soon a list of a hundred
// thousand people answers a key. `BENCH_PEOPLE` says how many; the browser draws without a graphics card.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser, Page } from 'playwright-core'
import { launchChromium, openWindow } from '../../packages/server/test/support/chromium.ts'
import { localAdministrator } from '../../packages/server/test/support/people.ts'
import { seat } from '../../packages/server/test/support/seat.ts'
import { fillSqlite } from '../scale/fill.ts'
import { startChildServer } from '../support/child-server.ts'
import { type Figure, formatMs } from '../support/figures.ts'

const people = Number(process.env.BENCH_PEOPLE ?? 100_000)
const rounds = Number(process.env.BENCH_ROUNDS ?? 5)
/** Rows that are read before keys are pressed among them: who scrolls that far has all of them in the page. */
const readMost = Number(process.env.BENCH_ROWS ?? 100_000)

export async function run(): Promise<readonly Figure[]> {
  const stops: (() => unknown)[] = []
  const launch = async () => {
    const browser = await launchChromium()
    stops.push(() => browser.close())
    return browser
  }
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  stops.push(() => rmSync(data, { recursive: true, force: true }))
  try {
    const first = await startChildServer({ data })
    stops.push(() => first.stop())
    const api = localAdministrator({ directory: data } as never)
    const home = (await api('GET', '/api/organizations')).body.items[0].id as string
    const browser = await launch()
    const house = { scratch: { directory: data }, server: { url: first.url }, browser, api, home }
    const { page } = await seat(house as never, 'ada', 'owner')
    const cookies = await page.context().storageState()
    await browser.close()
    await first.stop()
    const company = { organizationId: home, applicationId: home }
    fillSqlite(join(data, 'gatehouse.db'), company, { users: people, groups: 1, grants: 1 })

    const paints: number[] = []
    const useful: number[] = []
    let figures: Figure[] = []
    for (let round = 0; round < rounds; round++) {
      const server = await startChildServer({ data, readyWithinMs: 120_000 })
      stops.push(() => server.stop())
      const opened = await launch()
      const { page: cold } = await openWindow(opened, { storageState: cookies })
      const painted = await firstPaint(cold, `${server.url}/console`)
      paints.push(painted.paint)
      useful.push(painted.useful)
      if (round === 0)
        figures = [await firstLoad(server.url), ...(await measureList(opened, server.url, cookies, home))]
      await opened.close()
      await server.stop()
    }
    const paint = median(paints)
    return [
      {
        what: 'first paint, server and browser just started',
        measured: formatMs(paint),
        target: '≤ 1 s',
        met: paint <= 1_000,
      },
      { what: 'and its heading, with what the API said', measured: formatMs(median(useful)) },
      ...figures,
    ]
  } finally {
    for (const stop of stops.reverse()) await stop()
  }
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] as number

/** First Contentful Paint as the browser tells it (W3C Paint Timing), and when the page's heading was there. */
async function firstPaint(page: Page, url: string): Promise<{ paint: number; useful: number }> {
  await page.goto(url)
  await page.getByRole('heading', { level: 1 }).waitFor()
  const useful = (await page.evaluate('performance.now()')) as number
  const paint = (await page.evaluate(
    `new Promise((resolve) => new PerformanceObserver((list) => {
      const found = list.getEntriesByName('first-contentful-paint')[0]
      if (found !== undefined) resolve(found.startTime)
    }).observe({ type: 'paint', buffered: true }))`,
  )) as number
  return { paint, useful }
}

async function firstLoad(url: string): Promise<Figure> {
  const html = await (await fetch(`${url}/console`)).text()
  const scripts = new Set([...html.matchAll(/"(\/console\/files\/[^"]+\.js)"/g)].map(([, path]) => path as string))
  let bytes = 0
  for (const path of scripts) bytes += gzipSync(Buffer.from(await (await fetch(url + path)).arrayBuffer())).length
  return {
    what: 'script of the first page, compressed',
    measured: `${(bytes / 1024).toFixed(0)} KB`,
    target: '≤ 250 KB',
    met: bytes <= 250 * 1024,
  }
}

async function measureList(browser: Browser, url: string, cookies: object, home: string): Promise<Figure[]> {
  const { page } = await openWindow(browser, { storageState: cookies as never })
  page.setDefaultTimeout(60_000)
  await page.goto(`${url}/console/users?organization=${home}`)
  const grid = page.getByRole('grid', { name: 'Users' })
  await grid.getByText('u0', { exact: true }).waitFor()
  const near = await pressKeys(page, ['ArrowDown', 'PageDown', 'ArrowDown', 'PageUp'], 120)
  const searching = await searchFor(page)
  await page.goto(`${url}/console/users?organization=${home}`)
  await grid.getByText('u0', { exact: true }).waitFor()
  const read = await readOn(page)
  const deep = await pressKeys(page, ['ArrowUp', 'PageUp', 'ArrowDown', 'PageDown'], 120)
  const at = (values: readonly number[], share: number) =>
    [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] as number
  const figure = (what: string, values: readonly number[]): Figure => ({
    what: `${what}: a key to the next frame, p50 and p95`,
    measured: `${formatMs(at(values, 0.5))}, ${formatMs(at(values, 0.95))}`,
    target: 'p95 ≤ 100 ms',
    met: at(values, 0.95) <= 100,
  })
  const all = people.toLocaleString('en')
  return [
    figure(`list of ${all}, at its beginning`, near),
    figure(`list of ${all}, ${read.toLocaleString('en')} rows read`, deep),
    {
      what: `list of ${all}: what is typed into the search stands there`,
      measured: formatMs(median(searching.typed)),
      target: '≤ 100 ms',
      met: median(searching.typed) <= 100,
    },
    { what: 'and what was found', measured: formatMs(searching.foundMs) },
  ]
}

/** From a key press to the frame that shows it, in the page's own time. */
async function pressKeys(page: Page, keys: readonly string[], times: number): Promise<number[]> {
  const took: number[] = []
  for (let press = 0; press < times; press++)
    took.push(
      (await page.evaluate(`new Promise((resolve) => {
        const grid = document.querySelector('[role=grid]')
        const press = { key: ${JSON.stringify(keys[press % keys.length])}, bubbles: true, cancelable: true }
        const started = performance.now()
        grid.dispatchEvent(new KeyboardEvent('keydown', press))
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - started)))
      })`)) as number,
    )
  return took
}

/** Goes to the end again and again, as somebody who wants to see everything. @returns how many rows are in the page */
async function readOn(page: Page): Promise<number> {
  let rows = 0
  let still = 0
  for (const until = performance.now() + 180_000; performance.now() < until && rows < readMost && still < 100; ) {
    await page.evaluate(
      `document.querySelector('[role=grid]').dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true, cancelable: true }))`,
    )
    await page.waitForTimeout(20)
    const now = (await page.evaluate(
      `Math.round(document.querySelector('[role=grid] .rows').getBoundingClientRect().height / 41)`,
    )) as number
    still = now === rows ? still + 1 : 0
    rows = now
  }
  return rows
}

async function searchFor(page: Page): Promise<{ typed: number[]; foundMs: number }> {
  const typed: number[] = []
  const input = page.getByLabel('Search by the beginning of the name')
  const name = `u${people - 1}`
  await input.focus()
  for (const letter of name) {
    const started = performance.now()
    await page.keyboard.press(letter)
    await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))')
    typed.push(performance.now() - started)
  }
  const started = performance.now()
  await page.getByRole('grid').getByText(name, { exact: true }).waitFor()
  return { typed, foundMs: performance.now() - started }
}
