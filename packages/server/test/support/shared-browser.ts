// One Chromium for all tests of a process. For test files only: a program that imports this becomes a test run.
import { after, type TestContext } from 'node:test'
import type { Browser } from 'playwright-core'
import { launchChromium, tellPages } from './chromium.ts'

let shared: Promise<Browser> | undefined

/**
 * The real Chromium of this process. Windows that a test opens share nothing (`openWindow`) and end with the test; where it
 * fails, what they show is told.
 */
export async function shareBrowser(t: TestContext): Promise<Browser> {
  shared ??= launchChromium()
  const browser = await shared
  t.after(async () => {
    // Node.js has it, its types do not.
    if ((t as unknown as { passed: boolean }).passed === false) await tellPages(t, browser)
    for (const context of browser.contexts()) await context.close()
  })
  return browser
}

after(async () => {
  const browser = await shared?.catch(() => undefined)
  await browser?.close()
})
