import { type Argon2Parameters, argon2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Entropy, Secret } from '#kernel'

const derive = promisify(
  argon2 as (
    algorithm: 'argon2id',
    parameters: Argon2Parameters,
    done: (error: Error | null, key: Buffer) => void,
  ) => void,
)

/** Memory in KiB, passes, lanes (RFC 9106 §4; OWASP's first choice for servers). */
export interface Argon2Cost {
  readonly memoryKib: number
  readonly passes: number
  readonly lanes: number
}
export const currentCost: Argon2Cost = { memoryKib: 19 * 1024, passes: 2, lanes: 1 }
const tagLength = 32

interface Phc extends Argon2Cost {
  readonly salt: Buffer
  readonly tag: Buffer
}

const phcShape =
  /^\$argon2id\$v=19\$m=(\d{1,8}),t=(\d{1,4}),p=(\d{1,3})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

function parsePhc(phc: string): Phc {
  const match = phcShape.exec(phc)
  if (match === null) throw new TypeError('not an argon2id PHC string of version 19')
  const [, memory, passes, lanes, salt, tag] = match as unknown as [string, string, string, string, string, string]
  return {
    memoryKib: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, 'base64'),
    tag: Buffer.from(tag, 'base64'),
  }
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64').replaceAll('=', '')

async function tagOf(password: Secret, salt: Uint8Array, cost: Argon2Cost, length: number): Promise<Buffer> {
  return derive('argon2id', {
    // NFC, so that the same key presses match on every system (RFC 8265 §4.2).
    message: Buffer.from(password.reveal().normalize('NFC'), 'utf8'),
    nonce: salt,
    parallelism: cost.lanes,
    tagLength: length,
    memory: cost.memoryKib,
    passes: cost.passes,
  })
}

/** Hashes a password, off the main thread, to a PHC string with the current cost. */
export async function hashPassword(entropy: Entropy, password: Secret, cost = currentCost): Promise<string> {
  const salt = entropy.bytes(16)
  const tag = await tagOf(password, salt, cost, tagLength)
  return `$argon2id$v=19$m=${cost.memoryKib},t=${cost.passes},p=${cost.lanes}$${base64(salt)}$${base64(tag)}`
}

/** Whether the password is the one that was hashed, in time that does not depend on where they differ. */
export async function verifyPassword(phc: string, password: Secret): Promise<boolean> {
  const stored = parsePhc(phc)
  return timingSafeEqual(await tagOf(password, stored.salt, stored, stored.tag.length), stored.tag)
}

/** Whether a stored hash is cheaper than today's and should be made again while the password is at hand. */
export function needsUpgrade(phc: string): boolean {
  const { memoryKib, passes, lanes } = parsePhc(phc)
  return memoryKib < currentCost.memoryKib || passes < currentCost.passes || lanes < currentCost.lanes
}
