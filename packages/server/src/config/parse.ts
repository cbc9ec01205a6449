// Each reads one setting's text, or says what is wrong with it and where it was given.
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { Fault, Secret } from '#kernel'
import './faults.ts'

/** A setting's text and where it was given: the variable, or file and line. */
export interface Told {
  readonly text: string
  readonly from: string
}

/** What a setting's database is. */
export type Database =
  | { readonly engine: 'sqlite'; readonly file: string }
  | { readonly engine: 'postgres'; readonly url: Secret }

export function readText(given: Told | undefined, workingDirectory: string): string | undefined {
  if (given === undefined) return undefined
  try {
    return readFileSync(resolve(workingDirectory, given.text), 'utf8')
  } catch (error) {
    throw wrong(given.from, `names ${given.text}, which cannot be read (${(error as { code?: string }).code})`)
  }
}

export function parseHeaderName(given: Told | undefined): string | undefined {
  if (given === undefined) return undefined
  if (!/^[A-Za-z][A-Za-z0-9-]{0,63}$/.test(given.text))
    throw wrong(given.from, `"${given.text}" is not the name of a header`)
  return given.text.toLowerCase()
}

export function wrong(place: string, what: string): Fault {
  return new Fault('config.invalid', { detail: `${place} ${what}` })
}

export function parseUrl({ text, from }: { text: string; from: string }): string {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol))
    throw wrong(from, `"${text}" is not an http(s) address`)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '') {
    throw wrong(from, `"${text}" must be scheme, host and port only`)
  }
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname) || url.hostname.endsWith('.localhost')
  if (url.protocol === 'http:' && !loopback)
    throw wrong(from, `"${text}" must be https: plain http is for loopback only`)
  return url.origin
}

export function parseListen({ text, from }: { text: string; from: string }): { host: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535) throw wrong(from, `"${text}" is not host:port`)
  return { host: (match[1] ?? match[2]) as string, port }
}

export function parseDatabase({ text, from }: { text: string; from: string }, workingDirectory: string): Database {
  if (text.startsWith('sqlite:'))
    return { engine: 'sqlite', file: resolve(workingDirectory, text.slice('sqlite:'.length)) }
  if (/^postgres(ql)?:\/\//.test(text) && URL.canParse(text)) return { engine: 'postgres', url: new Secret(text) }
  throw wrong(from, 'must be sqlite:FILE or postgres://…')
}

export function parseNetworks({ text, from }: { text: string; from: string }): string[] {
  const parts = text.split(',').map((part) => part.trim())
  const given = parts.filter((part) => part !== '')
  for (const part of given) {
    const [address = '', bits] = part.split('/')
    const most = isIP(address) === 6 ? 128 : 32
    const bitsFit = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= most)
    if (isIP(address) === 0 || !bitsFit) throw wrong(from, `"${part}" is not an address or a network (192.0.2.0/24)`)
  }
  return given
}

export function parseCount({ text, from }: Told, most: number): number {
  const count = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : Number.NaN
  if (!(count <= most)) throw wrong(from, `"${text}" must be a whole number from 1 to ${most}`)
  return count
}

export function parseOneOf<const T extends string>(
  { text, from }: { text: string; from: string },
  allowed: readonly T[],
): T {
  if ((allowed as readonly string[]).includes(text)) return text as T
  throw wrong(from, `"${text}" must be one of ${allowed.join(', ')}`)
}

/** A short name in lower case, as of a node or a region. */
export function parseLabel({ text, from }: Told, longest = 63): string {
  if (!/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(text) || text.length > longest)
    throw wrong(from, `"${text}" must be 1 to ${longest} lower-case letters, digits, dots and hyphens, as in eu-1`)
  return text
}
