import { spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../../failure.ts'
import type { KeyStoreName, LoginSecrets } from './login.ts'

/** The system's own store where there is a small means to it, else the file. */
export function findKeyStore(
  environment: NodeJS.ProcessEnv,
  platform: NodeJS.Platform = process.platform,
): KeyStoreName {
  if (environment.GATEHOUSE_KEY_STORE === 'file') return 'file'
  if (platform === 'darwin') return 'security'
  const reachable = environment.DBUS_SESSION_BUS_ADDRESS !== undefined && isOnPath('secret-tool', environment)
  return reachable ? 'secret-tool' : 'file'
}

/**
 * Secrets go in by standard input: arguments could be read by every process of the machine.
 * @throws {Failure} when the store does not take them
 */
export async function keepSecrets(store: KeyStoreName, profile: string, secrets: LoginSecrets): Promise<void> {
  const text = Buffer.from(JSON.stringify(secrets)).toString('base64url')
  if (store === 'secret-tool')
    await run(
      'secret-tool',
      ['store', `--label=Gatehouse (${profile})`, 'service', 'gatehouse', 'profile', profile],
      text,
    )
  if (store === 'security')
    await run('security', ['-i'], `add-generic-password -U -s gatehouse -a "${profile}" -w "${text}"\n`)
}

export async function readSecrets(store: KeyStoreName, profile: string): Promise<LoginSecrets> {
  const text =
    store === 'secret-tool'
      ? await run('secret-tool', ['lookup', 'service', 'gatehouse', 'profile', profile])
      : await run('security', ['find-generic-password', '-s', 'gatehouse', '-a', profile, '-w'])
  try {
    return JSON.parse(Buffer.from(text.trim(), 'base64url').toString('utf8')) as LoginSecrets
  } catch (cause) {
    throw new Failure(`The key store has no login of the profile ${profile}`, { cause, next: 'gatehouse login' })
  }
}

export async function forgetSecrets(store: KeyStoreName, profile: string): Promise<void> {
  if (store === 'secret-tool') await run('secret-tool', ['clear', 'service', 'gatehouse', 'profile', profile])
  if (store === 'security') await run('security', ['delete-generic-password', '-s', 'gatehouse', '-a', profile])
}

function isOnPath(name: string, environment: NodeJS.ProcessEnv): boolean {
  return (environment.PATH ?? '').split(':').some((directory) => {
    try {
      accessSync(join(directory, name), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** While a locked store asks its owner. */
const waitMs = 60_000

function run(command: string, args: readonly string[], input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const refuse = (why: string) => reject(new Failure(`${command} does not work here: ${why}`))
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: waitMs })
    const out: string[] = []
    const err: string[] = []
    child.stdout.on('data', (chunk) => out.push(String(chunk)))
    child.stderr.on('data', (chunk) => err.push(String(chunk)))
    child.stdin.on('error', () => undefined)
    child.once('error', (error) => refuse(error.message))
    child.once('close', (code) =>
      code === 0 ? resolve(out.join('')) : refuse(err.join('').trim() || `it ended with ${code}`),
    )
    child.stdin.end(input)
  })
}
