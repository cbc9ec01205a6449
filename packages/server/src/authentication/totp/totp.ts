import type { TOTP } from 'otpauth'
import type { Entropy } from '#kernel'

/** What the keyring seals TOTP secrets for; the context is the user's id. */
export const totpPurpose = 'authentication.totp'

const periodSeconds = 30
/** Steps taken on each side of now: clocks and slow fingers (RFC 6238 §5.2 recommends at most one). */
const window = 1

async function generator(secret: Uint8Array, account: string): Promise<TOTP> {
  const { Secret, TOTP } = await import('otpauth')
  return new TOTP({
    issuer: 'Gatehouse',
    label: account,
    algorithm: 'SHA1', // what every authenticator app knows; HMAC-SHA1 is not affected by collisions (RFC 6238 §B)
    digits: 6,
    period: periodSeconds,
    secret: new Secret({ buffer: Uint8Array.from(secret).buffer as ArrayBuffer }),
  })
}

/** 160 bits, as RFC 4226 §4 R6 recommends. */
export const newTotpSecret = (entropy: Entropy): Uint8Array => entropy.bytes(20)

/** The time step of a right code, within one step of now; undefined for a wrong one. Spaces do not matter. */
export async function stepOfCode(secret: Uint8Array, code: string, nowMs: number): Promise<number | undefined> {
  const token = code.replaceAll(/[\s-]/g, '')
  if (!/^\d{6}$/.test(token)) return undefined
  const delta = (await generator(secret, '')).validate({ token, timestamp: nowMs, window })
  return delta === null ? undefined : Math.floor(nowMs / 1_000 / periodSeconds) + delta
}

/** What the set-up page shows: the secret in base32 and its `otpauth:` address as a QR code (a `data:` image). */
export async function showTotp(secret: Uint8Array, account: string): Promise<{ text: string; qr: string }> {
  const [totp, { default: QRCode }] = await Promise.all([generator(secret, account), import('qrcode')])
  const svg = await QRCode.toString(totp.toString(), { type: 'svg', margin: 0, errorCorrectionLevel: 'M' })
  return {
    text: totp.secret.base32,
    qr: `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`,
  }
}
