import type { Type as TypeBox } from 'typebox'

export type { Static, TSchema } from 'typebox'

type Options = Readonly<Record<string, unknown>>

/** The mark of a member that may be absent. Hidden, so that no schema shows it. */
const optional = '~optional'

function Optional(schema: object): object {
  // A copy with its descriptors: what is marked may itself be hidden already.
  const copy = Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema))
  return Object.defineProperty(copy, optional, { value: true, configurable: true, writable: true })
}

const build = {
  Any: (options?: Options) => ({ ...options }),
  Array: (items: object, options?: Options) => ({ type: 'array', items, ...options }),
  Boolean: (options?: Options) => ({ type: 'boolean', ...options }),
  Integer: (options?: Options) => ({ type: 'integer', ...options }),
  Literal: (value: boolean | number | string, options?: Options) => ({ type: typeof value, const: value, ...options }),
  Null: (options?: Options) => ({ type: 'null', ...options }),
  Number: (options?: Options) => ({ type: 'number', ...options }),
  Object: (properties: Readonly<Record<string, object>>, options?: Options) => {
    const required = Object.keys(properties).filter((name) => !Object.hasOwn(properties[name] as object, optional))
    return { type: 'object', ...(required.length > 0 && { required }), properties, ...options }
  },
  Optional,
  Record: ({ pattern = '^.*$' }: { readonly pattern?: string }, value: object, options?: Options) => ({
    type: 'object',
    patternProperties: { [pattern]: value },
    ...options,
  }),
  String: (options?: Options) => ({ type: 'string', ...options }),
  Union: (anyOf: readonly object[], options?: Options) => ({ anyOf, ...options }),
  Unknown: (options?: Options) => ({ ...options }),
  Unsafe: (schema: object) => Object.defineProperties({}, Object.getOwnPropertyDescriptors(schema)),
}

/**
 * JSON schemas (2020-12) with the types of TypeScript that they describe: TypeBox's types without its 300 modules, which a start
 * would load for these few builders. What they make is held to TypeBox's own by a test.
 */
export const Type = build as unknown as Pick<typeof TypeBox, keyof typeof build>
