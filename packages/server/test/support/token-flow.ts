import { createHash, randomBytes } from 'node:crypto'
import type { Application, User } from '#directory'
import type { SignInSession } from '#tokens'
import { TestBrowser } from './browser.ts'
import { postForm, type TokensFixture } from './tokens.ts'

export interface TestClient {
  readonly application: Application
  readonly secret: string
}

export const redirectUri = 'https://app.example/callback'
export const credentialsOf = ({ application, secret }: TestClient) => ({ id: application.id, secret })

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** An authorization request's address; parameters that are undefined are left out. */
export function authorizeUrl(it: TokensFixture, clientId: string, more: Record<string, string | undefined>): URL {
  const url = new URL('/oauth/authorize', it.url)
  const all = { client_id: clientId, response_type: 'code', redirect_uri: redirectUri, scope: 'openid', ...more }
  for (const [name, value] of Object.entries(all)) if (value !== undefined) url.searchParams.set(name, value)
  return url
}

export interface Code {
  readonly code: string
  readonly verifier: string
  readonly session: SignInSession
  readonly browser: TestBrowser
}

/** A code for a person who is signed in, by an application that asks for no consent. */
export async function obtainCode(
  it: TokensFixture,
  client: TestClient,
  user: User,
  more: Record<string, string | undefined> = {},
): Promise<Code> {
  const { verifier, challenge } = pkce()
  const browser = new TestBrowser()
  const { cookie, session } = it.signIn(user)
  browser.set(cookie)
  const params = { code_challenge: challenge, code_challenge_method: 'S256', ...more }
  const response = await browser.get(authorizeUrl(it, client.application.id, params))
  const location = response.headers.get('location')
  const code = location === null ? null : new URL(location, it.url).searchParams.get('code')
  if (code === null) throw new Error(`no code but ${response.status} ${location} ${await response.text()}`)
  return { code, verifier, session, browser }
}

export function exchange(it: TokensFixture, client: TestClient, { code, verifier }: Pick<Code, 'code' | 'verifier'>) {
  const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri }
  return postToken(it, client, form)
}

export function refresh(it: TokensFixture, client: TestClient, refreshToken: string) {
  return postToken(it, client, { grant_type: 'refresh_token', refresh_token: refreshToken })
}

export function postToken(it: TokensFixture, client: TestClient, form: Record<string, string>) {
  if (client.secret !== '') return postForm(`${it.url}/oauth/token`, form, credentialsOf(client))
  return postForm(`${it.url}/oauth/token`, { client_id: client.application.id, ...form })
}

export interface SignedIn {
  readonly accessToken: string
  readonly refreshToken: string
  readonly idToken: string
  readonly session: SignInSession
  readonly browser: TestBrowser
}

/** All the way: a signed-in person's tokens for the application. */
export async function signInTo(
  it: TokensFixture,
  client: TestClient,
  user: User,
  more: Record<string, string | undefined> = {},
): Promise<SignedIn> {
  const code = await obtainCode(it, client, user, more)
  const { status, body } = await exchange(it, client, code)
  if (status !== 200) throw new Error(`no tokens but ${status} ${JSON.stringify(body)}`)
  return {
    accessToken: body.access_token as string,
    refreshToken: body.refresh_token as string,
    idToken: body.id_token as string,
    session: code.session,
    browser: code.browser,
  }
}

/** Waits until `holds` does, at most `withinMs`; answers how long it took. */
export async function within(withinMs: number, holds: () => boolean | Promise<boolean>): Promise<number> {
  const startedMs = performance.now()
  while (!(await holds())) {
    if (performance.now() - startedMs > withinMs) throw new Error(`does not hold after ${withinMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return performance.now() - startedMs
}
