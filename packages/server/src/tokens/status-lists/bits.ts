import { deflateSync } from 'node:zlib'

/** A status list of one bit each, from the least significant bit of each byte up (Token Status List §4.1): 1 is invalid. */
export class StatusBits {
  readonly bytes: Uint8Array

  /** @param size a multiple of eight */
  constructor(size: number) {
    this.bytes = new Uint8Array(size / 8)
  }

  set(index: number): void {
    this.bytes[index >> 3] = (this.bytes[index >> 3] as number) | (1 << (index & 7))
  }

  has(index: number): boolean {
    return ((this.bytes[index >> 3] as number) & (1 << (index & 7))) !== 0
  }

  /** `lst` of the JSON form: DEFLATE in the ZLIB format, base64url (§4.2). */
  encode(): string {
    return deflateSync(this.bytes, { level: 9 }).toString('base64url')
  }
}
