import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { type Entropy, Fault } from '#kernel'
import './faults.ts'

export interface RootKey {
  /** 16 hexadecimal digits that name the key and tell nothing of it. */
  readonly id: string
  readonly key: KeyObject
}

/**
 * Reads the root key file: one key of 32 bytes a line in base64url. The first wraps data keys; any after it only unwrap, so
 * that a root key can be replaced on every node before the old one goes.
 * @returns undefined when there is no file
 * @throws {Fault} `keyring.root_key_invalid`
 */
export function readRootKeys(file: string): RootKey[] | undefined {
  if (!existsSync(file)) return undefined
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new Fault('keyring.root_key_invalid', { cause, detail: `${file} cannot be read` })
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const keys = lines.map((line) => {
    const bytes = /^[\w-]{43}$/.test(line.trim()) ? Buffer.from(line.trim(), 'base64url') : undefined
    if (bytes?.length !== 32)
      throw new Fault('keyring.root_key_invalid', { detail: `${file} must hold one base64url key of 32 bytes a line` })
    return makeRootKey(bytes)
  })
  if (keys.length === 0) throw new Fault('keyring.root_key_invalid', { detail: `${file} is empty` })
  return keys
}

export function newRootKey(entropy: Entropy): RootKey {
  return makeRootKey(entropy.bytes(32))
}

/**
 * Replaces the file as a whole, mode 0600, flushed with its directory: a crash leaves the old one or the new one.
 * @param expectNone when the file must not exist yet: a second process that makes one at the same time loses and rereads
 */
export function writeRootKeys(file: string, keys: readonly RootKey[], expectNone: boolean): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const text = keys.map(({ key }) => `${key.export().toString('base64url')}\n`).join('')
  const draft = `${file}.${process.pid}.new`
  rmSync(draft, { force: true })
  const handle = openSync(draft, 'wx', 0o600)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
  try {
    if (expectNone) linkSync(draft, file)
    else renameSync(draft, file)
  } finally {
    rmSync(draft, { force: true })
  }
  const directory = openSync(dirname(file), 'r')
  fsyncSync(directory)
  closeSync(directory)
}

function makeRootKey(bytes: Uint8Array): RootKey {
  const id = createHmac('sha256', bytes).update('gatehouse root key id').digest('hex').slice(0, 16)
  return { id, key: createSecretKey(bytes) }
}
