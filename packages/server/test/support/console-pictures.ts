// The documentation's pictures of the console: taken of examples/acme by a real Chromium, and compared with those that are kept.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { saveLatencies, saveNode } from '../../src/observability/nodes/node.store.ts'
import { acmeFiles } from './acme.ts'
import { openWindow } from './chromium.ts'
import type { ConsoleHouse } from './console-house.ts'
import { seat } from './seat.ts'

const directory = fileURLToPath(new URL('../../../../docs/images/', import.meta.url))
const madeWith = `${directory}made-with.json`

export interface Picture {
  readonly name: string
  readonly png: Buffer
}

/** Fills a house with the example company, and takes every picture as an owner sees it. */
export async function takePictures(house: ConsoleHouse): Promise<Picture[]> {
  const { api, server } = house
  const files = acmeFiles()
  const plan = await api('POST', '/api/configuration/plan', { files })
  await api('POST', '/api/configuration/apply', { files, fingerprint: plan.body.fingerprint })
  const acme = (await api('GET', '/api/organizations?name=acme')).body.items[0].id
  const application = (await api('GET', `/api/applications?organizationId=${acme}`)).body.items[0].id
  const alice = (await api('GET', `/api/users?organizationId=${acme}&username=alice`)).body.items[0].id
  const condition = 'context.claims.repository == "acme/app"'
  const trusts = [
    { name: 'pipeline', issuer: 'https://token.actions.githubusercontent.com', condition },
    { name: 'cluster', issuer: 'https://kubernetes.acme.example', condition },
  ]
  await api('POST', '/api/machines', { organizationId: acme, name: 'deploy', owner: alice, trusts })
  const question = {
    application,
    subjectType: 'User',
    subjectId: alice,
    action: 'read',
    resourceType: 'Document',
    resourceId: 'welcome',
  }
  const { page } = await seat(house, 'ada', 'owner', { viewport: { width: 1120, height: 720 }, colorScheme: 'light' })
  const taken: Picture[] = [{ name: 'sign-in', png: await takeSignIn(house) }]
  await fillHour(house)
  for (const [name, path, seen] of [
    ['console-why', `/can-she?${new URLSearchParams(question)}`, 'Yes'],
    ['console-policies', `/applications/${application}?tab=policies`, 'Checks ok'],
    ['console-users', `/users?organization=${acme}`, 'Users'],
    ['console-federation', '/federation', /^https:\/\/kubernetes/],
    ['console-runbook', '/runbooks/leaked-credential', 'A credential leaked'],
    ['console-access', `/users/${alice}?tab=access`, 'What it reaches'],
    ['console-on-call', '/dashboards?view=on-call&hours=1', 'Suspected compromise'],
    ['console-first-hour', '/first-hour', 'First hour'],
  ] as const) {
    await page.goto(`${server.url}/console${path}`)
    await page.getByRole('heading', { name: seen }).waitFor()
    await page.waitForLoadState('networkidle', { timeout: 5_000 }).catch(() => undefined)
    taken.push({ name, png: await page.screenshot({ animations: 'disabled', caret: 'hide' }) })
  }
  return taken
}

/** An hour of a small node: what stands on the board of those on call was there before it is opened. */
async function fillHour({ server }: ConsoleHouse): Promise<void> {
  const minute = 60_000
  const now = Math.floor(Date.now() / minute) * minute
  const bounds = [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1]
  const about = { metric: 'tokens', node: 'example', region: 'eu-1', bounds }
  const rows = Array.from({ length: 59 }, (_, ago) => ({
    ...about,
    bucket: now - ago * minute,
    counts: bounds.concat(0).map((_, at) => Math.round(40 * Math.exp(-((at - 3 - Math.sin(ago / 9)) ** 2)))),
  }))
  const seen = { id: 'example', name: 'eu-1-a', region: 'eu-1', startedAtMs: now - 90 * minute, seenAtMs: now + minute }
  await server.storage.transact(async (tx) => {
    await saveLatencies(tx, rows)
    await saveNode(tx, { ...seen, outside: [] })
  })
  await server.watch.look()
}

/** The page on which people of the example company sign in. */
async function takeSignIn({ browser, server }: ConsoleHouse): Promise<Buffer> {
  const { page } = await openWindow(browser, { viewport: { width: 1000, height: 640 }, colorScheme: 'light' })
  await page.goto(`${server.url}/sign-in?organization=acme`)
  await page.getByText('Acme Corporation').waitFor()
  const png = await page.screenshot({ animations: 'disabled', caret: 'hide' })
  await page.context().close()
  return png
}

/** Keeps pictures, and which browser drew them: another draws letters differently. */
export function keepPictures(pictures: readonly Picture[], browser: Browser): void {
  mkdirSync(directory, { recursive: true })
  for (const { name, png } of pictures) writeFileSync(`${directory}${name}.png`, png)
  writeFileSync(
    madeWith,
    `${JSON.stringify({ chromium: browser.version(), platform: process.platform }, undefined, 2)}\n`,
  )
}

export const keptPicture = (name: string): Buffer => readFileSync(`${directory}${name}.png`)

/** Whether this browser is the one that drew the kept pictures. */
export function drawsAlike(browser: Browser): boolean {
  const { chromium, platform } = JSON.parse(readFileSync(madeWith, 'utf8')) as { chromium: string; platform: string }
  return chromium === browser.version() && platform === process.platform
}

export interface Difference {
  readonly sameSize: boolean
  /** Share of the pixels whose colour differs by more than an eye would pass over. */
  readonly pixels: number
  /** How far apart the two are as seen from afar: mean difference of squares of 16 pixels, 0 to 1. */
  readonly afar: number
}

/** Compares two pictures, in the browser: it reads PNG already. */
export async function comparePictures(browser: Browser, one: Buffer, other: Buffer): Promise<Difference> {
  const page = await browser.newPage()
  try {
    const addresses = [one, other].map((png) => `data:image/png;base64,${png.toString('base64')}`)
    return (await page.evaluate(`(async () => {
      const read = async (address) => {
        const image = await createImageBitmap(await (await fetch(address)).blob())
        const context = new OffscreenCanvas(image.width, image.height).getContext('2d')
        context.drawImage(image, 0, 0)
        return context.getImageData(0, 0, image.width, image.height)
      }
      const [a, b] = await Promise.all(${JSON.stringify(addresses)}.map(read))
      if (a.width !== b.width || a.height !== b.height) return { sameSize: false, pixels: 1, afar: 1 }
      let different = 0
      const [columns, side] = [Math.ceil(a.width / 16), 16]
      const sums = new Map()
      for (let at = 0; at < a.data.length; at += 4) {
        const far = Math.max(...[0, 1, 2].map((part) => Math.abs(a.data[at + part] - b.data[at + part])))
        if (far > 48) different++
        const [x, y] = [(at / 4) % a.width, Math.floor(at / 4 / a.width)]
        const square = Math.floor(y / side) * columns + Math.floor(x / side)
        const sum = sums.get(square) ?? [0, 0]
        sum[0] += a.data[at] + a.data[at + 1] + a.data[at + 2] - b.data[at] - b.data[at + 1] - b.data[at + 2]
        sum[1]++
        sums.set(square, sum)
      }
      let afar = 0
      for (const [sum, count] of sums.values()) afar += Math.abs(sum) / (count * 765)
      return { sameSize: true, pixels: different / (a.data.length / 4), afar: afar / sums.size }
    })()`)) as Difference
  } finally {
    await page.close()
  }
}
