import { EvaluationFault } from './errors.ts'

/** An i64: a `number` while it is a safe integer, a `bigint` beyond. One value has one form, so `===` compares. */
export type Long = number | bigint

export const minLong = -(2n ** 63n)
export const maxLong = 2n ** 63n - 1n

/** The one form of an integer known to fit i64; undefined when it does not. */
export function toLong(value: bigint): Long | undefined {
  if (value >= -9007199254740991n && value <= 9007199254740991n) return Number(value)
  return value >= minLong && value <= maxLong ? value : undefined
}

function orOverflow(value: bigint, verb: string, a: Long, b: Long): Long {
  const long = toLong(value)
  if (long === undefined)
    throw new EvaluationFault(`integer overflow while attempting to ${verb} the values \`${a}\` and \`${b}\``)
  return long
}

export function addLong(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const sum = a + b
    if (Number.isSafeInteger(sum)) return sum
  }
  return orOverflow(BigInt(a) + BigInt(b), 'add', a, b)
}

export function subtractLong(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const difference = a - b
    if (Number.isSafeInteger(difference)) return difference
  }
  return orOverflow(BigInt(a) - BigInt(b), 'subtract', a, b)
}

export function multiplyLong(a: Long, b: Long): Long {
  if (typeof a === 'number' && typeof b === 'number') {
    const product = a * b
    // INVARIANT: no negative zero, which would be a second form of 0.
    if (Number.isSafeInteger(product)) return product + 0
  }
  return orOverflow(BigInt(a) * BigInt(b), 'multiply', a, b)
}

export function negateLong(a: Long): Long {
  if (typeof a === 'number') return 0 - a
  const long = toLong(-a)
  if (long === undefined) throw new EvaluationFault(`integer overflow while attempting to negate the value \`${a}\``)
  return long
}

/** Division truncated toward zero, as in the reference's i64. */
export function divideLong(a: Long, by: number): Long {
  if (typeof a === 'number') return Math.trunc(a / by) + 0
  return toLong(a / BigInt(by)) as Long
}
