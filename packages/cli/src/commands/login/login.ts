import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { findLogin } from '../../client/credential.ts'
import { forgetSecrets } from '../../client/logins/key-store.ts'
import { clientId, deleteLogin, parseProfile } from '../../client/logins/login.ts'
import { keepLogin, secretsIn, secretsOf } from '../../client/logins/use-login.ts'
import { requestForm, requestToken, TokenRefusal, type TokenReply } from '../../client/token-request.ts'
import { exits, Failure, usage } from '../../failure.ts'
import type { Output } from '../../output/output.ts'
import { plain } from '../../output/plain.ts'
import { action, type CommonOptions } from '../../session.ts'

/** RFC 8628 §3.2. */
interface DeviceReply {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete?: string
  readonly expires_in: number
  readonly interval?: number
}

/** `gatehouse login` and `gatehouse logout`: a person's own rights, at a Gatehouse that is elsewhere. */
export function addLogin(program: Command): void {
  program
    .command('login')
    .description('sign in at a Gatehouse (--url) in your browser; later commands with --url or --profile act as you')
    .action(
      action<CommonOptions>(async ({ out }, options) => {
        const given = options.url ?? options.server ?? process.env.GATEHOUSE_URL
        if (given === undefined) throw usage('Which Gatehouse?', 'Give its address with --url')
        const url = parseAddress(given)
        const profile = parseProfile(options.profile ?? process.env.GATEHOUSE_PROFILE, url)
        await requireIssuer(url)
        const reply = await askForDevice(url, out)
        const person = await nameOf(url, reply)
        const login = await keepLogin(process.env, { profile, url, person }, secretsOf(reply, Date.now()))
        const place = login.keptIn === 'file' ? 'a file that only you can read' : "the system's key store"
        const value = { profile, url, person, keptIn: login.keptIn }
        out.done(value, `You are ${plain(person)} at ${url}. The login is kept in ${place}, as profile ${profile}`)
      }),
    )

  program
    .command('logout')
    .description('end a login (--url or --profile): its tokens are revoked and forgotten')
    .action(
      action<CommonOptions>(async ({ out }, options) => {
        const url = options.url ?? options.server
        const login = findLogin(process.env, { ...options, ...(url !== undefined && { url }) })
        if (login === undefined)
          throw new Failure('There is no such login', { exit: exits.notFound, next: 'gatehouse login' })
        const { profile } = login
        let says = `The login of ${plain(login.person)} at ${login.url} has ended`
        try {
          const { refreshToken } = await secretsIn(login)
          await requestForm(login.url, '/oauth/revoke', {
            token: refreshToken,
            token_type_hint: 'refresh_token',
            client_id: clientId,
          })
        } catch (error) {
          // Forgotten here whatever happens there; what is left of it ends by itself, or at the account page.
          says = `Forgotten here, but not ended at ${login.url}: ${(error as Error).message}`
          process.exitCode = exits.failed
        }
        if (login.keptIn !== 'file') await forgetSecrets(login.keptIn, profile).catch(() => undefined)
        deleteLogin(process.env, profile)
        out.done({ profile, url: login.url, done: process.exitCode === undefined }, says)
      }),
    )
}

/** @throws {Failure} for plain http beyond this machine: tokens would go in clear */
function parseAddress(text: string): string {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) throw usage(`"${text}" is not an http(s) address`)
  const isHere = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
  if (url.protocol === 'http:' && !isHere)
    throw usage(`${url.origin} is not https: your tokens could be read on the way`)
  return url.origin
}

/** INVARIANT: tokens are asked of the issuer that this address is, never of another that it names (RFC 8414 §3.3, RFC 9207). */
async function requireIssuer(url: string): Promise<void> {
  let issuer: unknown
  try {
    const response = await fetch(new URL('/.well-known/openid-configuration', url), { redirect: 'error' })
    issuer = ((await response.json()) as { issuer?: unknown }).issuer
  } catch (cause) {
    throw new Failure(`Gatehouse cannot be reached at ${url}`, { exit: exits.unreachable, cause })
  }
  if (issuer === url) return
  throw new Failure(`The server at ${url} calls itself ${issuer ?? 'nothing'}`, {
    exit: exits.usage,
    next: typeof issuer === 'string' ? `gatehouse login --url ${issuer}` : 'Give the address of a Gatehouse',
  })
}

/** The device flow (RFC 8628 §3.1–3.5), waiting as the server says. */
async function askForDevice(url: string, out: Output): Promise<TokenReply> {
  const scope = 'openid profile offline_access gatehouse'
  const asked = await requestForm<DeviceReply>(url, '/oauth/device_authorization', {
    client_id: clientId,
    scope,
    resource: url,
  })
  const { user_code: code, verification_uri: address, verification_uri_complete: complete } = asked
  if (out.json) process.stderr.write(`${JSON.stringify({ address, code, complete })}\n`)
  else {
    const short = complete ? `or open ${plain(complete)}\n` : ''
    out.remark(`Open ${plain(address)} in a browser and type ${plain(code)}\n${short}Waiting …`)
  }
  let intervalMs = (asked.interval ?? 5) * 1_000
  const until = Date.now() + asked.expires_in * 1_000
  const form = {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: asked.device_code,
    client_id: clientId,
  }
  while (Date.now() < until) {
    await sleep(intervalMs)
    try {
      return await requestToken(url, form)
    } catch (error) {
      const refusal = error instanceof TokenRefusal ? error.error : undefined
      if (refusal === 'slow_down') intervalMs += 5_000
      else if (refusal === 'access_denied')
        throw new Failure('You were not let in: it was refused in the browser', { exit: exits.denied })
      else if (refusal !== 'authorization_pending') throw error
    }
  }
  throw new Failure('Nobody answered in time', { exit: exits.denied, next: `gatehouse login --url ${url}` })
}

async function nameOf(url: string, { access_token: token }: TokenReply): Promise<string> {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
  const response = await fetch(new URL('/api/whoami', url), { headers, redirect: 'error' })
  const body = (await response.json().catch(() => ({}))) as { actor?: { name?: string } }
  return body.actor?.name ?? 'somebody'
}
