import { type BinaryLike, pbkdf2, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Secret } from '#kernel'

/** What other systems hash passwords with, as far as it can be taken over. */
export type ForeignScheme = 'bcrypt' | 'pbkdf2' | 'scrypt'

interface Foreign {
  readonly scheme: ForeignScheme
  readonly verify: (password: string) => Promise<boolean>
}

const derivePbkdf2 = promisify(pbkdf2)
const deriveScrypt = promisify(
  scrypt as (
    password: BinaryLike,
    salt: BinaryLike,
    length: number,
    options: ScryptOptions,
    done: (error: Error | null, key: Buffer) => void,
  ) => void,
)

/** Bounds on the work that a hash may ask of us at each attempt: an imported one must not be a way to keep the server busy. */
const most = { bcryptCost: 14, iterations: 5_000_000, scryptBytes: 256 * 1024 * 1024, lanes: 16 }

// passlib writes `.` where base64 has `+`, and no padding.
const bytesOf = (text: string) => Buffer.from(text.replaceAll('.', '+'), 'base64')

const equal = (one: Buffer, other: Buffer) => one.length === other.length && timingSafeEqual(one, other)

/** `$2a$`, `$2b$`, `$2y$`; reads 72 bytes of the password, as whoever hashed it did. */
function bcryptOf(text: string): Foreign | undefined {
  const match = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(text)
  const cost = Number(match?.[1])
  if (match === null || cost < 4 || cost > most.bcryptCost) return undefined
  const verify = async (password: string) => (await import('./bcrypt.ts')).compareBcrypt(password, text)
  return { scheme: 'bcrypt', verify }
}

/** `$pbkdf2-sha256$rounds$salt$key` (passlib) and `pbkdf2_sha256$rounds$salt$key` (Django, whose salt is plain text). */
function pbkdf2Of(text: string): Foreign | undefined {
  const match =
    /^(\$pbkdf2-|pbkdf2_)(sha1|sha256|sha512)\$(\d{1,7})\$([A-Za-z0-9./+=_-]{1,128})\$([A-Za-z0-9./+=]{22,128})$/.exec(
      text,
    )
  if (match === null) return undefined
  const [, dialect, digest, rounds, salt, key] = match as unknown as [string, string, string, string, string, string]
  const iterations = Number(rounds)
  if (iterations < 1 || iterations > most.iterations) return undefined
  const wanted = bytesOf(key)
  const salted = dialect === 'pbkdf2_' ? Buffer.from(salt, 'utf8') : bytesOf(salt)
  return {
    scheme: 'pbkdf2',
    verify: async (password) => equal(await derivePbkdf2(password, salted, iterations, wanted.length, digest), wanted),
  }
}

/** `$scrypt$ln=16,r=8,p=1$salt$key`: passlib's form of RFC 7914. */
function scryptOf(text: string): Foreign | undefined {
  const match =
    /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,2})\$([A-Za-z0-9./+]{1,128})\$([A-Za-z0-9./+]{22,128})$/.exec(text)
  if (match === null) return undefined
  const [ln, blockSize, lanes] = match.slice(1, 4).map(Number) as [number, number, number]
  const bytes = 128 * 2 ** ln * blockSize
  if (ln < 1 || blockSize < 1 || lanes < 1 || lanes > most.lanes || bytes > most.scryptBytes) return undefined
  const [salt, wanted] = [bytesOf(match[4] as string), bytesOf(match[5] as string)]
  const options = { cost: 2 ** ln, blockSize, parallelization: lanes, maxmem: 2 * bytes + 1_048_576 }
  return {
    scheme: 'scrypt',
    verify: async (password) => equal(await deriveScrypt(password, salt, wanted.length, options), wanted),
  }
}

/** A hash that another system made, or undefined when it is none that we take: unknown, malformed, or too much work to check. */
export const parseForeign = (text: string): Foreign | undefined =>
  text.length > 400 ? undefined : (bcryptOf(text) ?? pbkdf2Of(text) ?? scryptOf(text))

/** Whether the password is the one that the other system hashed: as typed, else as NFC (RFC 8265 §4.2). */
export async function verifyForeign(foreign: Foreign, password: Secret): Promise<boolean> {
  const typed = password.reveal()
  const composed = typed.normalize('NFC')
  return (await foreign.verify(typed)) || (composed !== typed && (await foreign.verify(composed)))
}
