import { offsetDatetime, toDate, toTime } from './datetime.ts'
import { EvaluationFault } from './errors.ts'
import { type Address, isInRange, isIpv4, isLoopback, isMulticast } from './ip.ts'
import { divideLong, type Long, subtractLong } from './long.ts'
import { constructors, Extension, typeName, type Value } from './value.ts'

type Kind = Extension['type']

/** One function or method of the extension types: the types of its arguments, receiver first, and its meaning. */
export type ExtensionFunction = {
  readonly takes: readonly (Kind | 'string')[]
  readonly method: boolean
  /** Arguments are of the right number and types. Throws `EvaluationFault`. */
  readonly run: (args: readonly Value[]) => Value
}

const long = (value: Value | undefined) => (value as Extension).value as Long
const address = (value: Value | undefined) => (value as Extension).value as Address

const compare = (test: (a: Long, b: Long) => boolean): ExtensionFunction => ({
  takes: ['decimal', 'decimal'],
  method: true,
  run: (args) => test(long(args[0]), long(args[1])),
})
const ofIp = (test: (ip: Address) => boolean): ExtensionFunction => ({
  takes: ['ipaddr'],
  method: true,
  run: (args) => test(address(args[0])),
})
const ofDuration = (ms: number): ExtensionFunction => ({
  takes: ['duration'],
  method: true,
  run: (args) => divideLong(long(args[0]), ms),
})

export const functions: ReadonlyMap<string, ExtensionFunction> = new Map<string, ExtensionFunction>([
  ...[...constructors].map(([name, make]): [string, ExtensionFunction] => [
    name,
    { takes: ['string'], method: false, run: (args) => make(args[0] as string) },
  ]),
  ['lessThan', compare((a, b) => a < b)],
  ['lessThanOrEqual', compare((a, b) => a <= b)],
  ['greaterThan', compare((a, b) => a > b)],
  ['greaterThanOrEqual', compare((a, b) => a >= b)],
  ['isIpv4', ofIp(isIpv4)],
  ['isIpv6', ofIp((ip) => !isIpv4(ip))],
  ['isLoopback', ofIp(isLoopback)],
  ['isMulticast', ofIp(isMulticast)],
  [
    'isInRange',
    { takes: ['ipaddr', 'ipaddr'], method: true, run: (args) => isInRange(address(args[0]), address(args[1])) },
  ],
  [
    'offset',
    {
      takes: ['datetime', 'duration'],
      method: true,
      run: (args) => new Extension('datetime', offsetDatetime(long(args[0]), long(args[1]))),
    },
  ],
  [
    'durationSince',
    {
      takes: ['datetime', 'datetime'],
      method: true,
      run: (args) => new Extension('duration', subtractLong(long(args[0]), long(args[1]))),
    },
  ],
  ['toDate', { takes: ['datetime'], method: true, run: (args) => new Extension('datetime', toDate(long(args[0]))) }],
  ['toTime', { takes: ['datetime'], method: true, run: (args) => new Extension('duration', toTime(long(args[0]))) }],
  ['toMilliseconds', ofDuration(1)],
  ['toSeconds', ofDuration(1000)],
  ['toMinutes', ofDuration(60_000)],
  ['toHours', ofDuration(3_600_000)],
  ['toDays', ofDuration(86_400_000)],
])

/** Calls an extension function on evaluated arguments, checking their number and types. Throws `EvaluationFault`. */
export function callFunction(name: string, called: ExtensionFunction, args: readonly Value[]): Value {
  const takes = called.takes
  if (args.length !== takes.length)
    throw new EvaluationFault(
      `wrong number of arguments provided to extension function \`${name}\`: expected ${takes.length}, got ${args.length}`,
    )
  for (let at = 0; at < takes.length; at++) {
    const arg = args[at] as Value
    const wanted = takes[at] as string
    const fits = wanted === 'string' ? typeof arg === 'string' : arg instanceof Extension && arg.type === wanted
    if (!fits) throw new EvaluationFault(`type error: expected ${wanted}, got ${typeName(arg)}`)
  }
  return called.run(args)
}
