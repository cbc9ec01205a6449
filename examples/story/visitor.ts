import type { Browser, BrowserContext, Page } from 'playwright-core'
import { CookieJar, type Received, send } from './http.ts'

/** What a person sees after going somewhere. */
export interface Seen {
  readonly url: string
  readonly status: number
  readonly text: string
}

/** A person with a browser of their own: pages, forms and cookies. */
export interface Visitor {
  goto(url: string): Promise<Seen>
  /** Fills in the form that has this button and presses it, following where it leads. */
  press(button: string, fields?: Readonly<Record<string, string>>): Promise<Seen>
  /** Opens a one-time link. Its token stands in the fragment: a script hands it in, by hand it works too. */
  openLink(url: string): Promise<void>
  /** A request as a page of theirs would make it, with their cookies, following no redirect. */
  fetch(url: string): Promise<Received>
  /** A picture of what they see, where there is something to see. */
  picture(path: string): Promise<void>
  close(): Promise<void>
}

/** A person at a real browser. */
export async function browserVisitor(browser: Browser): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1000, height: 640 }, deviceScaleFactor: 1 })
  const page = await context.newPage()
  let status = 0
  page.on('response', (response) => {
    if (response.request().isNavigationRequest() && response.frame() === page.mainFrame()) status = response.status()
  })
  const seen = async (): Promise<Seen> => {
    // A page that only leads on is not yet where they arrive.
    await page.waitForFunction(
      "document.readyState === 'complete' && !document.querySelector('meta[http-equiv=refresh]')",
    )
    return { url: page.url(), status, text: await page.innerText('body') }
  }
  return {
    goto: async (url) => {
      await page.goto(url, { waitUntil: 'load' })
      return seen()
    },
    press: async (text, fields = {}) => {
      const button = page.getByRole('button', { name: text, exact: true }).first()
      const form = page.locator('form', { has: button }).first()
      for (const [name, value] of Object.entries(fields)) await form.locator(`[name="${name}"]`).fill(value)
      await Promise.all([page.waitForNavigation({ waitUntil: 'load' }), button.click()])
      return seen()
    },
    openLink: async (url) => {
      await page.goto(url)
      await page.waitForURL((now) => now.pathname !== new URL(url).pathname || now.hash === '')
      await page.waitForSelector('a[href="/enrol/password"]')
    },
    fetch: async (url) => send(url, { headers: { cookie: await cookiesOf(context, url), accept: 'text/html' } }),
    picture: async (path) => void (await shoot(page, path)),
    close: () => context.close(),
  }
}

const shoot = (page: Page, path: string) => page.screenshot({ path, animations: 'disabled' })

async function cookiesOf(context: BrowserContext, url: string): Promise<string> {
  return (await context.cookies(url)).map(({ name, value }) => `${name}=${value}`).join('; ')
}

/** A person without a browser: the same pages and forms over plain HTTP, as they work without JavaScript. */
export function httpVisitor(): Visitor {
  const jar = new CookieJar()
  let at: Received | undefined
  const follow = async (url: string, body?: string): Promise<Seen> => {
    let next: { url: string; body: string | undefined } = { url, body }
    for (let hop = 0; hop < 20; hop++) {
      const cookie = jar.header(next.url)
      const headers = {
        accept: 'text/html',
        ...(cookie !== '' && { cookie }),
        ...(next.body !== undefined && {
          'content-type': 'application/x-www-form-urlencoded',
          origin: new URL(next.url).origin,
          'sec-fetch-site': 'same-origin',
        }),
      }
      at = await send(next.url, {
        method: next.body === undefined ? 'GET' : 'POST',
        headers,
        ...(next.body !== undefined && { body: next.body }),
      })
      jar.keep(at)
      const onward =
        at.status < 300 ? /<meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(at.body)?.[1] : undefined
      const location = onward === undefined ? at.headers.location : decode(onward)
      if ((onward === undefined && (at.status < 300 || at.status > 399)) || location === undefined)
        return { url: at.url, status: at.status, text: textOf(at.body) }
      next = { url: new URL(location, next.url).href, body: undefined }
    }
    throw new Error(`too many redirects from ${url}`)
  }
  const press: Visitor['press'] = async (text, fields = {}) => {
    if (at === undefined) throw new TypeError('go somewhere first')
    const form = formOf(at.body, text)
    if (form === undefined) throw new Error(`no button "${text}" at ${at.url}:\n${textOf(at.body)}`)
    return follow(new URL(form.action, at.url).href, new URLSearchParams({ ...form.values, ...fields }).toString())
  }
  return {
    goto: (url) => follow(url),
    press,
    openLink: async (url) => {
      await follow(url)
      await press('Continue', { token: new URL(url).hash.slice(1) })
    },
    fetch: (url) => send(url, { headers: { accept: 'text/html', cookie: jar.header(url) } }),
    picture: async () => undefined,
    close: async () => undefined,
  }
}

/** The form with this button: where it is sent, and its values as they stand. */
function formOf(page: string, text: string): { action: string; values: Record<string, string> } | undefined {
  for (const [form] of page.matchAll(/<form\b[\s\S]*?<\/form>/g)) {
    const button = [...form.matchAll(/<button\b([^>]*)>([\s\S]*?)<\/button>/g)].find(
      ([, , inner]) => textOf(inner as string) === text,
    )
    if (button === undefined) continue
    const values: Record<string, string> = {}
    for (const [input] of form.matchAll(/<input\b[^>]*>/g)) Object.assign(values, namedValue(input))
    Object.assign(values, namedValue(button[1] as string))
    return { action: decode(/\baction="([^"]*)"/.exec(form)?.[1] ?? ''), values }
  }
  return undefined
}

function namedValue(tag: string): Record<string, string> {
  const name = /\bname="([^"]*)"/.exec(tag)?.[1]
  return name === undefined ? {} : { [name]: decode(/\bvalue="([^"]*)"/.exec(tag)?.[1] ?? '') }
}

const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' }

function decode(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal))
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16))
    return named[name as string] ?? whole
  })
}

function textOf(page: string): string {
  const visible = page.replace(/<(script|style|head)\b[\s\S]*?<\/\1>/g, ' ').replace(/<[^>]+>/g, ' ')
  return decode(visible).replace(/\s+/g, ' ').trim()
}
