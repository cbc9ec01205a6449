import { createRequire } from 'node:module'
import type { FastifySerializerCompiler } from 'fastify/types/schema.js'

const require = createRequire(import.meta.url)

/**
 * Compiles the schemas of answers, each at its first use, so that a start does not pay for routes nobody calls; the compiler itself
 * is loaded with the first. The paths of a decision write their answers themselves and use none of these.
 */
export function makeSerializerCompiler(): FastifySerializerCompiler<object> {
  let compile: FastifySerializerCompiler<object> | undefined
  return (route) => {
    let compiled: ((data: unknown) => string) | undefined
    return (data) => {
      compile ??= loadCompiler()
      compiled ??= compile(route) as (data: unknown) => string
      return compiled(data)
    }
  }
}

function loadCompiler(): FastifySerializerCompiler<object> {
  const { SerializerSelector } =
    require('@fastify/fast-json-stringify-compiler') as typeof import('@fastify/fast-json-stringify-compiler')
  return SerializerSelector()({}, {}) as unknown as FastifySerializerCompiler<object>
}
