import { clip } from './decimal.ts'
import { EvaluationFault } from './errors.ts'
import { addLong, type Long, toLong } from './long.ts'

const dayMs = 86_400_000
const shape =
  /^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{3}))?(?:Z|([+-])([0-9]{2})([0-9]{2})))?$/
const durationShape = /^(-?)(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?(?:([0-9]+)ms)?$/
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** `datetime`: milliseconds from the Unix epoch. A time needs an offset (Cedar RFC 80). Throws `EvaluationFault`. */
export function parseDatetime(text: string): number {
  const found = text.length > 40 ? null : shape.exec(text)
  if (found === null) throw failed('datetime', `invalid datetime \`${clip(text)}\``)
  const [year, month, day] = [Number(found[1]), Number(found[2]), Number(found[3])]
  const leap = month === 2 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 1 : 0
  if (month < 1 || month > 12 || day < 1 || day > (monthDays[month - 1] as number) + leap)
    throw failed('datetime', `invalid date: ${text.slice(0, 10)}`)
  // `Date.UTC` reads the years 0 to 99 as 1900 to 1999, so the year is set apart.
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const midnight = date.getTime()
  if (found[4] === undefined) return midnight
  const [hour, minute, second] = [Number(found[4]), Number(found[5]), Number(found[6])]
  if (hour > 23 || minute > 59 || second > 59) throw failed('datetime', `invalid hour/minute/second in \`${text}\``)
  let ms = midnight + hour * 3_600_000 + minute * 60_000 + second * 1000 + Number(found[7] ?? 0)
  if (found[8] !== undefined) {
    const [offsetHour, offsetMinute] = [Number(found[9]), Number(found[10])]
    if (offsetHour > 23 || offsetMinute > 59) throw failed('datetime', `invalid offset range in \`${text}\``)
    ms += (found[8] === '+' ? -1 : 1) * (offsetHour * 3_600_000 + offsetMinute * 60_000)
  }
  return ms
}

/** `duration`: milliseconds, i64. Throws `EvaluationFault`. */
export function parseDuration(text: string): Long {
  const found = text === '' || text === '-' ? null : durationShape.exec(text)
  if (found === null) throw failed('duration', `invalid duration \`${clip(text)}\``)
  const units = [dayMs, 3_600_000, 60_000, 1000, 1]
  let sum = 0n
  for (let unit = 0; unit < units.length; unit++) {
    const digits = (found[unit + 2] ?? '0').replace(/^0+(?=.)/, '')
    if (digits.length > 20) throw failed('duration', 'Duration overflows internal representation')
    // INVARIANT: each part must fit by itself, as in the reference; the sum runs one way, so its end is its extreme.
    const part = BigInt(digits) * BigInt(units[unit] as number)
    if (toLong(part) === undefined && !(unit === 4 && found[1] === '-' && toLong(-part) !== undefined))
      throw failed('duration', 'Duration overflows internal representation')
    sum += part
  }
  const value = toLong(found[1] === '-' ? -sum : sum)
  if (value === undefined) throw failed('duration', 'Duration overflows internal representation')
  return value
}

/** The midnight (UTC) before or at an instant: floors, so it may overflow at the far past. */
export function toDate(ms: Long): Long {
  if (typeof ms === 'number') {
    const rest = ((ms % dayMs) + dayMs) % dayMs
    const floored = ms - rest
    if (Number.isSafeInteger(floored)) return floored
  }
  const big = BigInt(ms)
  const rest = ((big % 86_400_000n) + 86_400_000n) % 86_400_000n
  const floored = toLong(big - rest)
  if (floored === undefined) throw failed('datetime', `overflows when computing the date of ${ms}`)
  return floored
}

/** The time of day of an instant, as a duration. */
export function toTime(ms: Long): Long {
  if (typeof ms === 'number') return (((ms % dayMs) + dayMs) % dayMs) + 0
  return Number(((ms % 86_400_000n) + 86_400_000n) % 86_400_000n)
}

export function offsetDatetime(ms: Long, by: Long): Long {
  try {
    return addLong(ms, by)
  } catch {
    throw failed('datetime', `overflows when adding an offset: ${ms}+(${by}ms)`)
  }
}

const failed = (name: string, why: string) =>
  new EvaluationFault(`error while evaluating \`${name}\` extension function: ${why}`)
