import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Browser } from 'playwright-core'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const applications = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** Starts a real Chromium without a window: the system's, or the one that npm brought; undefined where neither runs. */
export async function launchBrowser(): Promise<Browser | undefined> {
  const { chromium } = await import('playwright-core')
  for (const found of [findInstalled, findShipped]) {
    const { executablePath, args } = (await found()) ?? {}
    if (executablePath === undefined) continue
    try {
      const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : []
      return await chromium.launch({ executablePath, args: [...(args ?? []), ...sandbox], timeout: 30_000 })
    } catch {
      // It is there but does not run here (missing libraries): try the next.
    }
  }
  return undefined
}

interface Found {
  readonly executablePath: string
  readonly args?: string[]
}

async function findInstalled(): Promise<Found | undefined> {
  const places = (process.env.PATH ?? '').split(delimiter).flatMap((path) => names.map((name) => join(path, name)))
  const executablePath = [...places, ...applications].find((path) => existsSync(path))
  return executablePath === undefined ? undefined : { executablePath }
}

async function findShipped(): Promise<Found | undefined> {
  if (process.platform !== 'linux') return undefined
  const { default: chromium } = await import('@sparticuz/chromium')
  return { executablePath: await chromium.executablePath(), args: chromium.args }
}
