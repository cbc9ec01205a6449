import { createRequire } from 'node:module'
import type { Ajv2020 } from 'ajv/dist/2020.js'
import type { FastifySchemaCompiler } from 'fastify'

const require = createRequire(import.meta.url)

const shared = {
  allErrors: false,
  useDefaults: true,
  removeAdditional: false,
  strictTypes: false,
  strictTuples: false,
} as const

/**
 * Compiles request schemas, each at its first use, so that a start does not pay for routes nobody calls; the compiler itself is
 * loaded with the first. Addresses and queries are text and are coerced to the schema's types; bodies say their types themselves and are not.
 */
export function makeValidatorCompiler(): FastifySchemaCompiler<object> {
  let strict: Ajv2020 | undefined
  let coercing: Ajv2020 | undefined
  const ajvFor = (httpPart: string | undefined): Ajv2020 => {
    if (httpPart === 'body') {
      strict ??= makeAjv(false)
      return strict
    }
    coercing ??= makeAjv('array')
    return coercing
  }
  return ({ schema, httpPart }) => {
    let compiled: ReturnType<Ajv2020['compile']> | undefined
    return (data: unknown) => {
      compiled ??= ajvFor(httpPart).compile(schema)
      return compiled(data) ? { value: data } : { error: compiled.errors as never }
    }
  }
}

function makeAjv(coerceTypes: false | 'array'): Ajv2020 {
  const { Ajv2020 } = require('ajv/dist/2020.js') as typeof import('ajv/dist/2020.js')
  const formats = require('ajv-formats') as (ajv: Ajv2020) => void
  const ajv = new Ajv2020({ ...shared, coerceTypes })
  formats(ajv)
  return ajv
}
