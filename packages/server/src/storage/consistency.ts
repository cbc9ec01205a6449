declare const brand: unique symbol

/**
 * Names a write, opaquely: on SQLite the feed position, on PostgreSQL the writing transaction. A reader that asks for
 * `atLeast` this token sees the write or waits for it.
 */
export type ConsistencyToken = string & { readonly [brand]: true }

/** Whether `text` has the shape of a token of either engine: `s` and a position, or `p` and an xid8. */
export function isConsistencyToken(text: unknown): text is ConsistencyToken {
  return typeof text === 'string' && /^[sp](0|[1-9]\d{0,18})$/.test(text)
}

export function makeConsistencyToken(engine: 'sqlite' | 'postgres', number: bigint): ConsistencyToken {
  return `${engine === 'sqlite' ? 's' : 'p'}${number}` as ConsistencyToken
}

/** The number inside, or undefined for a token of the other engine. */
export function readConsistencyToken(engine: 'sqlite' | 'postgres', token: ConsistencyToken): bigint | undefined {
  if (token[0] !== (engine === 'sqlite' ? 's' : 'p')) return undefined
  return BigInt(token.slice(1))
}
