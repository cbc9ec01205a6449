import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { send } from './http.ts'
import type { Person } from './people.ts'

export interface TokenAnswer {
  readonly status: number
  readonly body: { readonly access_token?: string; readonly refresh_token?: string; readonly error?: string }
}

async function askToken(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<TokenAnswer> {
  const answered = await send(`${url}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  })
  return { status: answered.status, body: JSON.parse(answered.body) as TokenAnswer['body'] }
}

/** A machine's token for one application (RFC 6749 §4.4, RFC 8707). */
export async function machineToken(url: string, clientId: string, secret: string, resource: string): Promise<string> {
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')
  const form = { grant_type: 'client_credentials', resource }
  const { status, body } = await askToken(url, form, { authorization: `Basic ${basic}` })
  assert.equal(status, 200, JSON.stringify(body))
  return body.access_token as string
}

export interface SignedInApp {
  readonly clientId: string
  readonly refreshToken: string
}

/**
 * Somebody who is signed in lets an app on their device act for them: authorization code with PKCE (RFC 7636), returned to
 * the app's own loopback address (RFC 8252 §7.3).
 */
export async function letAppAct(url: string, person: Person, clientId: string): Promise<SignedInApp> {
  const verifier = randomBytes(32).toString('base64url')
  const state = randomBytes(16).toString('base64url')
  let arrived: (query: URLSearchParams) => void
  const returned = new Promise<URLSearchParams>((resolve) => {
    arrived = resolve
  })
  const app = createServer((request, response) => {
    response.end('You can close this page.')
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://app')
    if (pathname === '/callback') arrived(searchParams)
  })
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve))
  try {
    const redirect = `http://127.0.0.1:${(app.address() as { port: number }).port}/callback`
    const asking = new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: redirect,
      scope: 'openid offline_access',
      prompt: 'consent',
      state,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    })
    const seen = await person.visitor.goto(`${url}/oauth/authorize?${asking}`)
    const asks = !seen.url.startsWith(redirect)
    const last = asks ? await person.visitor.press('Allow') : seen
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error(`the app was not returned to, but ${last.url}: ${last.text}`)), 5_000).unref()
    })
    const query = await Promise.race([returned, late])
    assert.equal(query.get('state'), state)
    const { status, body } = await askToken(url, {
      grant_type: 'authorization_code',
      client_id: clientId,
      code: query.get('code') ?? '',
      redirect_uri: redirect,
      code_verifier: verifier,
    })
    assert.equal(status, 200, JSON.stringify(body))
    assert.ok(body.refresh_token, 'no refresh token')
    return { clientId, refreshToken: body.refresh_token as string }
  } finally {
    app.closeAllConnections()
    app.close()
  }
}

export function refresh(url: string, { clientId, refreshToken }: SignedInApp): Promise<TokenAnswer> {
  return askToken(url, { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken })
}
