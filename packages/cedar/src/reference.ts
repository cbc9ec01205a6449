import { createRequire } from 'node:module'
import type * as Wasm from '@cedar-policy/cedar-wasm/nodejs'
import { CedarError, offsetOfByte, placeOf } from './errors.ts'

/** The reference implementation, built to WebAssembly: it parses, formats and validates; it decides only in tests. */
export type Reference = typeof Wasm

const require = createRequire(import.meta.url)
let instance: Reference | undefined

function load(): Reference {
  instance ??= require('@cedar-policy/cedar-wasm/nodejs') as Reference
  return instance
}

/** Lets the reference's memory go; the next call takes a fresh instance. */
export function releaseReference(): void {
  instance = undefined
  delete require.cache[require.resolve('@cedar-policy/cedar-wasm/nodejs')]
}

/**
 * Calls the reference, loading it when first needed. A trap (stack, memory) ruins an instance for good,
 * so it is thrown away and the next call gets a new one.
 * @throws {CedarError} `limit` after a trap, `json` where it refuses the shape of what it was given
 */
export function ask<T>(question: (reference: Reference) => T): T {
  try {
    return question(load())
  } catch (error) {
    releaseReference()
    if ((error as Error)?.name === 'RuntimeError' || error instanceof RangeError)
      throw new CedarError('limit', 'deeper or larger than the reference implementation can hold')
    throw new CedarError('json', `refused by the reference implementation: ${(error as Error).message ?? error}`)
  }
}

type Detailed = Wasm.DetailedError

/** An error of the reference as ours, placed in the text that was given. */
export function refusal(code: 'syntax' | 'schema' | 'json', errors: readonly Detailed[], text?: string): CedarError {
  const all = errors.flatMap((error) => [error, ...(error.related ?? [])])
  const first = all[0]
  if (first === undefined) return new CedarError(code, 'refused by the reference implementation')
  const label = first.sourceLocations?.[0]
  const message = label?.label ? `${first.message}: ${label.label}` : first.message
  const place = text === undefined || label === undefined ? {} : placeOf(text, offsetOfByte(text, label.start))
  return new CedarError(code, message, { ...place, help: first.help ?? undefined })
}
