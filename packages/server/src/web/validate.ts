import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { FastifySchemaCompiler } from 'fastify'

const shared = {
  allErrors: false,
  useDefaults: true,
  removeAdditional: false,
  strictTypes: false,
  strictTuples: false,
} as const

/**
 * Compiles request schemas, each at its first use, so that a start does not pay for routes nobody calls. Addresses and
 * queries are text and are coerced to the schema's types; bodies say their types themselves and are not.
 */
export function makeValidatorCompiler(): FastifySchemaCompiler<object> {
  const strict = new Ajv2020({ ...shared, coerceTypes: false })
  const coercing = new Ajv2020({ ...shared, coerceTypes: 'array' })
  for (const ajv of [strict, coercing]) (formats as unknown as (it: Ajv2020) => void)(ajv)
  return ({ schema, httpPart }) => {
    const ajv = httpPart === 'body' ? strict : coercing
    let compiled: ReturnType<Ajv2020['compile']> | undefined
    return (data: unknown) => {
      compiled ??= ajv.compile(schema)
      return compiled(data) ? { value: data } : { error: compiled.errors as never }
    }
  }
}
