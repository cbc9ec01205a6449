/** What a hostile input may cost. Exceeding one is a `CedarError` with code `limit`, never a hang or a crash. */
export const limits = {
  /** UTF-16 units of one policy text, and of a whole policy set's. */
  policyLength: 262_144,
  policySetLength: 16_777_216,
  /** Brackets open at once in a policy text; the reference's stack holds about 118. */
  bracketDepth: 100,
  /** Nested expressions in a policy given as JSON, `&&` and `||` chains not counted. */
  expressionDepth: 400,
  /** Expressions in one policy. */
  expressionCount: 300_000,
  /** Parts of a schema's types, common types written out wherever they are used. */
  schemaSize: 200_000,
  /** Nested sets and records in a value; the reference's stack holds about 120. */
  valueDepth: 100,
  /** Values in one entity or one context. */
  valueCount: 1_000_000,
  /** UTF-16 units of a JSON text given at once; larger ones are streamed. */
  jsonLength: 536_870_000,
  /** Units of work of one decision: an element compared, an entity visited, a character matched. */
  work: 5_000_000,
  /** Ancestors of one entity that are kept computed; beyond, they are walked each time. */
  keptAncestors: 4_096,
  /** Ancestors of one entity altogether. */
  ancestors: 100_000,
} as const
