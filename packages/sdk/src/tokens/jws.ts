/** A compact JWS (RFC 7515 §7.1), taken apart and not yet believed. */
export interface ReadJws {
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Record<string, unknown>
  /** The octets under the signature. */
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

const shape = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** Undefined when it is not a compact JWS with JSON objects for header and payload. */
export function readJws(token: string): ReadJws | undefined {
  if (!shape.test(token)) return undefined
  const [header, payload, signature] = token.split('.') as [string, string, string]
  try {
    const parse = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    const [parsedHeader, parsedPayload] = [parse(header), parse(payload)]
    if (!isObject(parsedHeader) || !isObject(parsedPayload)) return undefined
    return {
      header: parsedHeader,
      payload: parsedPayload,
      signed: Buffer.from(`${header}.${payload}`, 'ascii'),
      signature: Buffer.from(signature, 'base64url'),
    }
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
