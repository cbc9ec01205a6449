import { type Static, type TSchema, Type } from 'typebox'

/** An object that takes no member beside these. */
export const closed = <P extends Record<string, TSchema>>(members: P) =>
  Type.Object(members, { additionalProperties: false })

export const oneOf = <const V extends readonly string[]>(values: V) =>
  Type.Unsafe<V[number]>({ type: 'string', enum: [...values] })

/** Times stand in the public shapes as milliseconds since the Unix epoch, as everywhere. */
export const timeMs = Type.Integer({ minimum: 0, description: 'Milliseconds since the Unix epoch' })

export const pageQuery = {
  limit: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$', description: 'Most items of a page: 1 to 200' })),
  cursor: Type.Optional(Type.String({ maxLength: 1_000, description: '`next` of the page before' })),
}

export const pageOf = <T extends TSchema>(item: T) =>
  closed({ items: Type.Array(item), next: Type.Optional(Type.String()) })

export type { Static }
