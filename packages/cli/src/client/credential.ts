import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { exits, Failure, usage } from '../failure.ts'
import { type Login, listLogins, readLogin } from './logins/login.ts'
import { loginCredential } from './logins/use-login.ts'
import type { Credential } from './sender.ts'

/** What the server writes beside its data at each start, for whoever can read it on the same machine. */
interface BootstrapFile {
  readonly url: string
  readonly key: Record<string, unknown>
}

export interface CredentialOptions {
  readonly url?: string
  readonly token?: string
  /** A stored login by its name. */
  readonly profile?: string
  /** Data directory of the local server. */
  readonly data: string
  readonly environment?: NodeJS.ProcessEnv
}

const lifetimeSeconds = 30

/**
 * An access token when there is one, else the stored login that was named (by profile or address), else the local server's bootstrap
 * credential, else the only login there is.
 * @throws {Failure} unreachable: there is none
 */
export function findCredential(options: CredentialOptions): Credential {
  if (options.token !== undefined && options.token !== '') {
    const authorization = `Bearer ${options.token}`
    const url = options.url ?? findBootstrap(options.data)?.url ?? 'http://localhost:8080'
    return { kind: 'token', url: parseBaseUrl(url), authorization: async () => authorization }
  }
  const environment = options.environment ?? process.env
  if (options.profile !== undefined || options.url !== undefined) {
    const login = findLogin(environment, options)
    if (login !== undefined) return loginCredential(environment, login)
  }
  const file = findBootstrap(options.data)
  if (file === undefined) {
    if (options.url !== undefined)
      throw new Failure(`You are not logged in at ${parseBaseUrl(options.url)}`, {
        exit: exits.denied,
        next: `gatehouse login --url ${parseBaseUrl(options.url)}, or give GATEHOUSE_TOKEN`,
      })
    const logins = listLogins(environment)
    if (logins.length > 1)
      throw usage('Which Gatehouse?', `Give --profile: ${logins.map(({ profile }) => profile).join(', ')}`)
    if (logins[0] !== undefined) return loginCredential(environment, logins[0])
    throw new Failure(`No Gatehouse has written its local credential in ${resolve(options.data)}`, {
      exit: exits.unreachable,
      next: 'Start it with "gatehouse serve", name its data directory with --data DIR, or "gatehouse login --url ADDRESS"',
    })
  }
  if (options.url !== undefined && parseBaseUrl(options.url) !== file.url) {
    throw new Failure(`The local credential is good at ${file.url} only`, {
      exit: exits.usage,
      next: `Leave --url out, or first "gatehouse login --url ${parseBaseUrl(options.url)}"`,
    })
  }
  const url = parseBaseUrl(file.url)
  return { kind: 'bootstrap', url, authorization: async () => `Gatehouse-Bootstrap ${await signAssertion(file)}` }
}

/**
 * The stored login of this profile, else of this address, else the only one.
 * @throws {Failure} when a profile is named that is not there, or several logins fit
 */
export function findLogin(
  environment: NodeJS.ProcessEnv,
  options: { readonly profile?: string; readonly url?: string },
): Login | undefined {
  const profile = options.profile ?? environment.GATEHOUSE_PROFILE
  if (profile !== undefined) {
    const login = readLogin(environment, profile)
    if (login !== undefined && (options.url === undefined || parseBaseUrl(options.url) === login.url)) return login
    throw new Failure(
      `There is no login of the profile ${profile}${options.url === undefined ? '' : ` at ${options.url}`}`,
      {
        exit: exits.notFound,
        next: `gatehouse login --profile ${profile} --url ADDRESS`,
      },
    )
  }
  const url = options.url === undefined ? undefined : parseBaseUrl(options.url)
  const logins = listLogins(environment).filter((login) => url === undefined || login.url === url)
  if (logins.length <= 1) return logins[0]
  throw usage('Several logins fit', `Say which with --profile: ${logins.map((one) => one.profile).join(', ')}`)
}

/** A fresh assertion: addressed to that server, good for half a minute and, by its `jti`, once. */
async function signAssertion(file: BootstrapFile): Promise<string> {
  const { importJWK, SignJWT } = await import('jose')
  const key = await importJWK(file.key, 'ES256')
  const { kid } = file.key
  return new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', typ: 'gatehouse-bootstrap+jwt', ...(typeof kid === 'string' && { kid }) })
    .setAudience(file.url)
    .setIssuedAt()
    .setExpirationTime(`${lifetimeSeconds}s`)
    .setJti(randomUUID())
    .sign(key)
}

function findBootstrap(data: string): BootstrapFile | undefined {
  const path = join(resolve(data), 'bootstrap.json')
  let text: string
  try {
    const { mode } = statSync(path)
    if ((mode & 0o077) !== 0) {
      throw new Failure(`Others can read ${path}`, {
        exit: exits.denied,
        next: `Stop the server, see who read the file, and start again: it makes a new key at each start with mode 0600`,
      })
    }
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as { code?: string }
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'EACCES' || code === 'EPERM') {
      throw new Failure(`You may not read ${path}`, {
        exit: exits.denied,
        next: 'Run as the user that runs Gatehouse, or give --url and GATEHOUSE_TOKEN',
      })
    }
    throw error
  }
  const read = JSON.parse(text) as Partial<BootstrapFile>
  if (typeof read.url !== 'string' || typeof read.key !== 'object' || read.key === null)
    throw new Failure(`${path} is not a bootstrap credential`, { next: 'Start the server again: it writes a new one' })
  return { url: read.url, key: read.key }
}

function parseBaseUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw new Failure(`"${text}" is not an http(s) address`, { exit: exits.usage })
  return url.origin
}
