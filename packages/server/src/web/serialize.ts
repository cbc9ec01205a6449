import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import type { FastifySerializerCompiler } from 'fastify/types/schema.js'

/**
 * Compiles the schemas of answers, each at its first use, so that a start does not pay for routes nobody calls. The paths of a
 * decision write their answers themselves and use none of these.
 */
export function makeSerializerCompiler(): FastifySerializerCompiler<object> {
  const compile = SerializerSelector()({}, {}) as unknown as FastifySerializerCompiler<object>
  return (route) => {
    let compiled: ((data: unknown) => string) | undefined
    return (data) => {
      compiled ??= compile(route) as (data: unknown) => string
      return compiled(data)
    }
  }
}
