import { type TSchema, Type } from '#kernel'

/** An object that takes no member beside these. */
export const closed = <P extends Record<string, TSchema>>(members: P) =>
  Type.Object(members, { additionalProperties: false })

export const oneOf = <const V extends readonly string[]>(values: V, description?: string) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values], ...(description !== undefined && { description }) })

/** Text without NUL, which PostgreSQL does not hold. */
export const text = (maxLength: number, description?: string) =>
  Type.String({ maxLength, pattern: '^[^\\u0000]*$', ...(description !== undefined && { description }) })

export const timeMs = Type.Integer({
  minimum: 0,
  maximum: 8_640_000_000_000_000,
  description: 'Milliseconds since the Unix epoch',
})

export const pageQuery = {
  limit: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$', description: 'Most items of a page: 1 to 200' })),
  cursor: Type.Optional(Type.String({ maxLength: 2_000, description: '`next` of the page before' })),
}

export const pageOf = <T extends TSchema>(item: T) =>
  closed({ items: Type.Array(item), next: Type.Optional(Type.String()) })

/** The body of a transition, which may be left out. */
export const reasonBody = Type.Union([
  closed({ reason: Type.Optional(text(500, 'Why, for the record; no personal data')) }),
  Type.Null(),
])

/** What every object of the directory ends with. */
export const stamps = { createdAtMs: timeMs, updatedAtMs: timeMs, revision: Type.Integer({ minimum: 1 }) }
