import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { importJWK, SignJWT } from 'jose'
import { TestBrowser } from './browser.ts'
import type { Scratch } from './engines.ts'
import type { TestServer } from './server.ts'

export interface Answered {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly body: any
  readonly headers: Headers
}
export type Api = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answered>

/** The API as the local administrator: each request signed with the bootstrap credential that the server wrote. */
export function localAdministrator(scratch: Scratch, nowMs = Date.now): Api {
  return async (method, path, body, headers) => {
    const file = JSON.parse(readFileSync(join(scratch.directory, 'bootstrap.json'), 'utf8'))
    const jwt = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', typ: 'gatehouse-bootstrap+jwt' })
      .setAudience(file.url)
      .setIssuedAt(Math.floor(nowMs() / 1_000))
      .setExpirationTime(Math.floor(nowMs() / 1_000) + 30)
      .setJti(randomUUID())
      .sign(await importJWK(file.key, 'ES256'))
    return send(file.url + path, method, { authorization: `Gatehouse-Bootstrap ${jwt}`, ...headers }, body)
  }
}

/** The API as whoever is signed in in this browser. */
export function apiOf(server: TestServer, browser: TestBrowser): Api {
  return (method, path, body) => {
    const cookie = `gatehouse-session=${browser.cookie('gatehouse-session') ?? ''}`
    return send(server.url + path, method, { cookie, origin: server.url }, body)
  }
}

async function send(url: string, method: string, headers: Record<string, string>, body: unknown): Promise<Answered> {
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

export const goodPassword = 'copper lantern walrus orbit'

/** A user of the home organization (or another) who signs in by password. */
export async function makeUser(api: Api, username: string, organizationId?: string): Promise<string> {
  const home = organizationId ?? (await api('GET', '/api/organizations')).body.items[0].id
  const made = await api('POST', '/api/users', { organizationId: home, username, displayName: `The ${username}` })
  assert.equal(made.status, 201, JSON.stringify(made.body))
  const link = await api('POST', `/api/users/${made.body.id}/invitation-link`)
  assert.equal(link.status, 201, JSON.stringify(link.body))
  const done = await api('POST', '/api/enrolments', { token: link.body.token, password: goodPassword })
  assert.equal(done.status, 201, JSON.stringify(done.body))
  return made.body.id
}

/** A person's browser without scripts: pages are read, forms filled in and sent. */
export class FormBrowser extends TestBrowser {
  readonly url: string
  status = 0
  page = ''
  /** Path of the page shown. */
  at = ''

  constructor(url: string) {
    super()
    this.url = url
  }

  /** Opens an address of the server and follows redirects. */
  async open(path: string): Promise<this> {
    return this.#show(path, await this.get(this.url + path))
  }

  /** Sends the form with this action, filled in, and follows redirects. */
  async submit(action: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<this> {
    const values = { ...this.fields(action), ...fields }
    const sent = await this.post(this.url + action, values, { origin: this.url, ...headers })
    return this.#show(action, sent)
  }

  /** The hidden values of a form on the page. */
  fields(action: string): Record<string, string> {
    const form = this.page
      .split(/<form /)
      .find((part) => part.includes(` action="${action}"`) || part.startsWith(`action="${action}"`))
    assert.ok(form, `no form for ${action} at ${this.at}:\n${this.page}`)
    const values: Record<string, string> = {}
    for (const [, name, value] of form
      .split('</form>')[0]!
      .matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g))
      values[name as string] = value as string
    return values
  }

  /** The text of the page without markup. */
  get text(): string {
    return this.page
      .replace(/<head>[\s\S]*<\/head>/, '')
      .replace(/<[^>]+>/g, ' ')
      .replace(/\s+/g, ' ')
  }

  /** From the first page to the end of the password. */
  async signIn(login: string, password = goodPassword, query = ''): Promise<this> {
    await this.open(`/sign-in${query}`)
    await this.submit('/sign-in', { login })
    return this.submit('/sign-in/password', { password })
  }

  async #show(path: string, response: Response): Promise<this> {
    let [at, answered] = [path, response]
    for (let hops = 0; answered.status >= 300 && answered.status < 400 && hops < 10; hops++) {
      at = answered.headers.get('location') as string
      await answered.arrayBuffer()
      answered = await this.get(new URL(at, this.url))
    }
    this.at = at
    this.status = answered.status
    this.page = await answered.text()
    return this
  }
}

/** A browser at an address of the world, to a server that stands behind a proxy (`behindProxy`). */
export class BrowserAt extends FormBrowser {
  #headers: Record<string, string>
  constructor(url: string, address: string) {
    super(url)
    this.#headers = { 'x-forwarded-for': address }
  }
  moveTo(address: string): void {
    this.#headers = { 'x-forwarded-for': address }
  }
  override get(url: string | URL, headers: Record<string, string> = {}) {
    return super.get(url, { ...headers, ...this.#headers })
  }
  override post(url: string | URL, form: Record<string, string>, headers: Record<string, string> = {}) {
    return super.post(url, form, { ...headers, ...this.#headers })
  }
}

export const behindProxy = { GATEHOUSE_TRUSTED_PROXIES: '127.0.0.1/32, ::1/128' }
