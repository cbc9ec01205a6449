import { EvaluationFault } from './errors.ts'
import { type Long, toLong } from './long.ts'

const shape = /^(-?)([0-9]+)\.([0-9]+)$/

/** `decimal`: up to four digits after the point, kept as an i64 of ten-thousandths. Throws `EvaluationFault`. */
export function parseDecimal(text: string): Long {
  const found = shape.exec(text)
  if (found === null)
    throw new EvaluationFault(
      `error while evaluating \`decimal\` extension function: \`${clip(text)}\` is not a well-formed decimal value`,
    )
  const [, sign, whole, part] = found as unknown as [string, string, string, string]
  const digits = whole.replace(/^0+(?=.)/, '')
  if (digits.length > 19) throw overflow()
  if (part.length > 4)
    throw new EvaluationFault(
      `error while evaluating \`decimal\` extension function: too many digits after the decimal in \`${clip(text)}\``,
    )
  const magnitude = BigInt(digits + part.padEnd(4, '0'))
  const value = toLong(sign === '-' ? -magnitude : magnitude)
  if (value === undefined) throw overflow()
  return value
}

export function formatDecimal(value: Long): string {
  const big = BigInt(value)
  const magnitude = (big < 0n ? -big : big).toString().padStart(5, '0')
  const part = magnitude.slice(-4).replace(/0{1,3}$/, '')
  return `${big < 0n ? '-' : ''}${magnitude.slice(0, -4)}.${part}`
}

const overflow = () =>
  new EvaluationFault('error while evaluating `decimal` extension function: overflow when converting to decimal')

export const clip = (text: string) => (text.length > 60 ? `${text.slice(0, 60)}…` : text)
