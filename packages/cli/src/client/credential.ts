import { randomUUID } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { exits, Failure } from '../failure.ts'

/** How a request says who sends it: the value of `Authorization`, made anew for each request. */
export interface Credential {
  readonly kind: 'token' | 'bootstrap'
  readonly url: string
  authorization(): Promise<string>
}

/** What the server writes beside its data at each start, for whoever can read it on the same machine. */
interface BootstrapFile {
  readonly url: string
  readonly key: Record<string, unknown>
}

export interface CredentialOptions {
  readonly url?: string
  readonly token?: string
  /** Data directory of the local server. */
  readonly data: string
}

const lifetimeSeconds = 30

/**
 * An access token when there is one, else the local server's bootstrap credential.
 * @throws {Failure} unreachable: there is neither
 */
export function findCredential(options: CredentialOptions): Credential {
  if (options.token !== undefined && options.token !== '') {
    const authorization = `Bearer ${options.token}`
    const url = options.url ?? findBootstrap(options.data)?.url ?? 'http://localhost:8080'
    return { kind: 'token', url: parseBaseUrl(url), authorization: async () => authorization }
  }
  const file = findBootstrap(options.data)
  if (file === undefined) {
    throw new Failure(`No Gatehouse has written its local credential in ${resolve(options.data)}`, {
      exit: exits.unreachable,
      next: 'Start it with "gatehouse serve", name its data directory with --data DIR, or give --url and GATEHOUSE_TOKEN',
    })
  }
  if (options.url !== undefined && parseBaseUrl(options.url) !== file.url) {
    throw new Failure(`The local credential is good at ${file.url} only`, {
      exit: exits.usage,
      next: 'Leave --url out, or give GATEHOUSE_TOKEN too',
    })
  }
  const url = parseBaseUrl(file.url)
  return { kind: 'bootstrap', url, authorization: async () => `Gatehouse-Bootstrap ${await signAssertion(file)}` }
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
