import { existsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core'

const systemBrowsers = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

/** The system's Chromium, or the one that `@sparticuz/chromium` ships. */
async function findChromium(): Promise<{ executablePath: string; args: string[] }> {
  const args = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-background-networking',
    '--disable-dev-shm-usage',
  ]
  const system = systemBrowsers.find((path) => existsSync(path))
  if (system !== undefined) return { executablePath: system, args }
  const { default: shipped } = await import('@sparticuz/chromium')
  return { executablePath: await shipped.executablePath(), args: [...shipped.args, ...args] }
}

/** A real Chromium that has just started; whoever starts it closes it. */
export const launchChromium = async (): Promise<Browser> => chromium.launch(await findChromium())

/** Tells what all pages show: a locator that was waited for in vain says nothing of the page it was looked for on. */
export async function tellPages(t: TestContext, browser: Browser): Promise<void> {
  for (const page of browser.contexts().flatMap((context) => context.pages())) {
    const text = page.locator('body').innerText({ timeout: 3_000 })
    const shown = await text.catch((error) => `(not to be read: ${error})`)
    t.diagnostic(`when it failed, ${page.url()} showed:\n${shown.slice(0, 2_000)}`)
  }
}

/** A window of its own: cookies and passkeys of nobody else. What its pages complain of in the console fails the test. */
export async function openWindow(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ context: BrowserContext; page: Page; complaints: string[] }> {
  const context = await browser.newContext(options)
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('console', (message) => {
    // A refused form is answered with its status, which Chromium reports as an error of its own.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  return { context, page, complaints }
}

/** A virtual authenticator (WebAuthn §11) that verifies its user and answers by itself. */
export async function addAuthenticator(
  page: Page,
  options: { readonly verifies?: boolean; readonly roaming?: boolean } = {},
): Promise<{ cdp: CDPSession; authenticatorId: string }> {
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: options.roaming ? 'usb' : 'internal',
      // What verifies nobody is a key of the old kind, which keeps nothing.
      hasResidentKey: options.verifies !== false,
      hasUserVerification: options.verifies !== false,
      isUserVerified: options.verifies !== false,
      automaticPresenceSimulation: true,
    },
  })
  return { cdp, authenticatorId }
}
