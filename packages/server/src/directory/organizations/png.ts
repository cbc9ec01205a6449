import { crc32 } from 'node:zlib'

const bytesMost = 16 * 1_024
const widthMost = 1_024
const heightMost = 512
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const prefix = 'data:image/png;base64,'

/** What makes the picture; everything else (texts, profiles, dates, places) is left out. */
const kept: ReadonlySet<string> = new Set(['IHDR', 'PLTE', 'tRNS', 'gAMA', 'sRGB', 'IDAT', 'IEND'])

/**
 * A PNG (ISO/IEC 15948) of a `data:` address, taken apart chunk by chunk and put together from those that make the picture.
 * @returns the clean file, or what is wrong with it
 */
export function readPng(text: string): Buffer | string {
  if (!text.startsWith(prefix)) return `must be a PNG as ${prefix}…`
  const encoded = text.slice(prefix.length)
  if (encoded.length > Math.ceil(bytesMost / 3) * 4) return `must have at most ${bytesMost} bytes`
  const bytes = Buffer.from(encoded, 'base64')
  if (bytes.toString('base64') !== encoded) return 'must be base64 without line breaks'
  if (!bytes.subarray(0, 8).equals(signature)) return 'is no PNG'
  const parts: Buffer[] = [signature]
  let ended = false
  for (let at = 8; at < bytes.length; ) {
    if (ended || at + 12 > bytes.length) return 'is a PNG with something behind its end'
    const length = bytes.readUInt32BE(at)
    const end = at + 12 + length
    if (end > bytes.length) return 'is a PNG that is cut off'
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) return 'is a damaged PNG'
    if ((at === 8) !== (type === 'IHDR')) return 'is a PNG in a wrong order'
    if (type === 'IHDR') {
      const [width, height] = [bytes.readUInt32BE(at + 8), bytes.readUInt32BE(at + 12)]
      if (length !== 13 || width < 1 || height < 1 || width > widthMost || height > heightMost)
        return `must be at most ${widthMost} × ${heightMost} pixels`
    }
    if (kept.has(type)) parts.push(bytes.subarray(at, end))
    // A small first letter: what a reader may leave out (§5.4).
    else if (/^[A-Z]/.test(type)) return 'is a PNG with parts that are not known'
    ended = type === 'IEND'
    at = end
  }
  return ended ? Buffer.concat(parts) : 'is a PNG that is cut off'
}
