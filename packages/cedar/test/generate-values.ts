import type { Case, Ref } from './generate.ts'
import * as pool from './pools.ts'
import type { Tape } from './tape.ts'

const ann: Ref = { type: 'A', id: 'a' }
const dayMs = 86_400_000n
const fits = (value: bigint) => value >= -(2n ** 63n) && value < 2n ** 63n
const near = (tape: Tape) => BigInt(tape.below(3) - 1)
const long = (tape: Tape) => BigInt(tape.pick(pool.longs)) + near(tape)
const text = (value: bigint) => (value < 0n ? `(${value})` : `${value}`)

/** A result against the exact one, or one beside it: so a last digit wrong is seen. */
function arithmetic(tape: Tape): string {
  const [a, b] = [long(tape), tape.chance(1, 2) ? long(tape) : BigInt(tape.below(5))]
  const operator = tape.pick(['+', '-', '*'] as const)
  if (!fits(a) || !fits(b)) return 'true'
  const exact = (operator === '+' ? a + b : operator === '-' ? a - b : a * b) + near(tape)
  const compared = tape.pick(['==', '<', '<=', '>', '!='])
  return `${text(a)} ${operator} ${text(b)} ${compared} ${text(fits(exact) ? exact : 0n)}`
}

/** An instant about a midnight, before or after the epoch, and what its date and time of day are or nearly are. */
function instants(tape: Tape): string {
  const days = tape.pick([0n, 1n, -1n, -2n, 19_000n, -700_000n, 106_751_991_167n, -106_751_991_167n])
  const ms = days * dayMs + near(tape) * tape.pick([1n, 1n, 3_600_000n, 43_200_000n])
  const at = (value: bigint) => `datetime("1970-01-01").offset(duration("${value}ms"))`
  const floor = ((ms % dayMs) + dayMs) % dayMs
  return tape.pick<() => string>([
    () => `${at(ms)}.toDate() == ${at(ms - floor)}`,
    () => `${at(ms)}.toTime() == duration("${floor + near(tape)}ms")`,
    () => `${at(ms)}.durationSince(${at(days * dayMs)}) < duration("1ms")`,
    () =>
      `duration("${ms}ms").${tape.pick(['toSeconds', 'toMinutes', 'toHours', 'toDays'])}() ${tape.pick(['==', '<', '>'])} ${text(days)}`,
    () => `${at(-(2n ** 63n))}.toDate() < ${at(ms)}`,
  ])()
}

function decimals(tape: Tape): string {
  const one = () => `decimal("${tape.pick(['', '-'])}${tape.below(2)}.${tape.pick(['0', '5', '50', '0001', '9999'])}")`
  return tape.chance(1, 2)
    ? `${one()} == ${one()}`
    : `${one()}.${tape.pick(['lessThan', 'greaterThanOrEqual'])}(${one()})`
}

/** Sets whose elements an operator must look at, all of them or up to one. */
function sets(tape: Tape): string {
  const element = () => tape.pick(['principal', 'A::"a"', 'A::"b"', '1', '"a"', '[1]', '{a: 1}', 'true', '1 + 1', '2'])
  const set = () => `[${tape.many(tape.chance(1, 4) ? 12 : 3, element).join(', ')}]`
  return tape.pick<() => string>([
    () => `principal in [${tape.pick(['principal', 'A::"b"', 'G::"g"'])}, ${element()}]`,
    () => `${set()} == ${set()}`,
    () => `${set()}.${tape.pick(['containsAll', 'containsAny'])}(${set()})`,
    () => `${set()}.contains(${element()})`,
    () => `${set()}.isEmpty() || ${set()}.contains(${element()})`,
  ])()
}

/** Each side of a short circuit: a boolean, something that errs, or something that is none. */
function circuits(tape: Tape): string {
  const side = (): string =>
    tape.pick(['true', 'false', '1', 'principal.none', '(1 + 9223372036854775807 == 0)', '!1', 'context.on'])
  const of = () => `(${side()} ${tape.pick(['&&', '||'])} ${side()})`
  return tape.pick([
    of,
    () => `(${of()} ${tape.pick(['&&', '||'])} ${of()})`,
    () => `(if ${side()} then ${of()} else ${side()})`,
  ])()
}

/** Small expressions whose exact value shows in the decision, one policy each. */
export function makeValueCase(tape: Tape): Case {
  const statics: Record<string, string> = {}
  for (let at = 0; at < 16; at++) {
    const body = tape.pick([arithmetic, arithmetic, instants, decimals, sets, circuits])(tape)
    statics[`policy${at}`] = `permit(principal, action, resource) when { ${body} };`
  }
  const entities = [{ uid: ann, attrs: {}, parents: tape.chance(1, 2) ? [{ type: 'G', id: 'g' }] : [] }]
  const request = { principal: ann, action: { type: 'Action', id: 'x' }, resource: ann, context: { on: true } }
  return { statics, templates: {}, links: [], entities, requests: [request] }
}
