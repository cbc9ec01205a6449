/**
 * ES256 signatures between JWS's form, the 64 bytes of R and S (RFC 7518 §3.4), and DER (RFC 3279 §2.2.3). Node converts too, but
 * prepares the key anew for it: half the time of a signature.
 */

const half = 32

/** @param der as OpenSSL has made it: minimal, both integers positive, below 2^256 */
export function toJwsSignature(der: Uint8Array): Uint8Array {
  const raw = new Uint8Array(2 * half)
  const rLength = der[3] as number
  copyInteger(der, 4, rLength, raw, half)
  copyInteger(der, 6 + rLength, der[5 + rLength] as number, raw, 2 * half)
  return raw
}

/** Copies an integer right-aligned, without the zero that keeps it positive. */
function copyInteger(der: Uint8Array, at: number, length: number, raw: Uint8Array, end: number): void {
  const skip = length > half ? length - half : 0
  raw.set(der.subarray(at + skip, at + length), end - (length - skip))
}

/** Undefined when it is not 64 bytes: then it is no ES256 signature. */
export function toDerSignature(raw: Uint8Array): Uint8Array | undefined {
  if (raw.length !== 2 * half) return undefined
  const r = minimal(raw.subarray(0, half))
  const s = minimal(raw.subarray(half))
  return Buffer.concat([Buffer.from([0x30, r.length + s.length]), r, s])
}

/** A DER integer: no leading zeros but the one that keeps it positive. */
function minimal(bytes: Uint8Array): Buffer {
  let from = 0
  while (from < half - 1 && bytes[from] === 0) from++
  const negative = (bytes[from] as number) >= 0x80
  const value = bytes.subarray(from)
  return Buffer.concat([Buffer.from([0x02, value.length + (negative ? 1 : 0), ...(negative ? [0] : [])]), value])
}
