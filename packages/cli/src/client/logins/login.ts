import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { exits, Failure, usage } from '../../failure.ts'

/** The command line's own client, the same in every installation. */
export const clientId = 'gatehouse-cli'

/** Where the secrets of a login are: its own 0600 file, the Secret Service (by `secret-tool`), or macOS's keychain (by `security`). */
export type KeyStoreName = 'file' | 'secret-tool' | 'security'

/** What a login holds that opens something. */
export interface LoginSecrets {
  readonly accessToken: string
  readonly refreshToken: string
  /** When the access token ends. */
  readonly expiresAtMs: number
}

/** A person's sign-in at one Gatehouse, kept on this machine. */
export interface Login {
  readonly profile: string
  readonly url: string
  /** Who signed in, for people to read. */
  readonly person: string
  readonly keptIn: KeyStoreName
  /** With the file itself; undefined where the system's key store has them. */
  readonly secrets?: LoginSecrets | undefined
}

const profileShape = /^[A-Za-z0-9][\w.-]{0,99}$/

/** Where logins are kept: one file each, readable by their owner alone. */
export const loginDirectory = (environment: NodeJS.ProcessEnv): string =>
  join(environment.XDG_CONFIG_HOME || join(environment.HOME || homedir(), '.config'), 'gatehouse', 'logins')

/** The profile's own name, or one made of the address. */
export function parseProfile(text: string | undefined, url: string): string {
  const name = text ?? new URL(url).host.replace(/[^\w.-]/g, '_')
  if (!profileShape.test(name))
    throw usage(`"${name}" is not a name of a profile`, 'Use letters, digits, ".", "-", "_"')
  return name
}

/** @throws {Failure} when others can read it */
export function readLogin(environment: NodeJS.ProcessEnv, profile: string): Login | undefined {
  if (!profileShape.test(profile)) return undefined
  const path = join(loginDirectory(environment), `${profile}.json`)
  let text: string
  try {
    if ((statSync(path).mode & 0o077) !== 0)
      throw new Failure(`Others can read ${path}`, {
        exit: exits.denied,
        next: 'See who did, remove it, and log in again: gatehouse login',
      })
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
  const read = JSON.parse(text) as Partial<Login>
  if (typeof read.url !== 'string' || typeof read.person !== 'string' || typeof read.keptIn !== 'string')
    throw new Failure(`${path} is not a login`, { next: 'Remove it and log in again: gatehouse login' })
  return { ...read, profile } as Login
}

/** Every login that is kept here, by name. */
export function listLogins(environment: NodeJS.ProcessEnv): Login[] {
  let names: string[]
  try {
    names = readdirSync(loginDirectory(environment)).sort()
  } catch {
    return []
  }
  return names
    .filter((name) => name.endsWith('.json'))
    .map((name) => readLogin(environment, name.slice(0, -'.json'.length)))
    .filter((login) => login !== undefined)
}

/** Durable and whole once it returns: a reader sees the former file or this one. */
export function writeLogin(environment: NodeJS.ProcessEnv, login: Login): void {
  const directory = loginDirectory(environment)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const path = join(directory, `${login.profile}.json`)
  const { profile: _, ...kept } = login
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(kept)}\n`, { mode: 0o600, flush: true })
  renameSync(draft, path)
}

export function deleteLogin(environment: NodeJS.ProcessEnv, profile: string): void {
  rmSync(join(loginDirectory(environment), `${profile}.json`), { force: true })
}
