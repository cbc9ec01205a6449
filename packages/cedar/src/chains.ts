import { CedarError } from './errors.ts'
import { limits } from './limits.ts'

/** Each expression is an object in an object, and an array where it is an argument. */
const most = limits.expressionDepth * 3 + 16

/**
 * A copy of a policy's JSON with its leaves mapped, and long chains of `&&` and `||` balanced: they associate, and
 * their text then nests little. A chain of any length, leaning left, is walked without recursion.
 * @throws {CedarError} `limit` for what nests deeper than a policy may
 */
export function mapLeaves(json: unknown, map: (leaf: unknown) => unknown, depth = 0): unknown {
  if (depth > most) throw new CedarError('limit', `a policy nests deeper than ${limits.expressionDepth} expressions`)
  if (Array.isArray(json)) return json.map((item) => mapLeaves(item, map, depth + 1))
  if (typeof json !== 'object' || json === null) return map(json)
  const given = json as { [key: string]: unknown }
  const keys = Object.keys(given)
  const only = keys[0] as string
  if ((only === '&&' || only === '||') && isChain(json, only)) {
    const operands: unknown[] = []
    let at: unknown = json
    for (; isChain(at, only); at = at[only]?.left) operands.push(mapLeaves(at[only]?.right, map, depth + 1))
    operands.push(mapLeaves(at, map, depth + 1))
    return balanced(only, operands.reverse(), 0, operands.length)
  }
  const copy: { [key: string]: unknown } = Object.create(null)
  for (const key of keys) copy[key] = mapLeaves(given[key], map, depth + 1)
  return copy
}

type Chain = { [operator: string]: { left: unknown; right: unknown } }

function isChain(json: unknown, operator: string): json is Chain {
  if (typeof json !== 'object' || json === null || !Object.hasOwn(json, operator)) return false
  const fields = (json as Chain)[operator]
  return Object.keys(json).length === 1 && typeof fields === 'object' && fields !== null && 'left' in fields
}

function balanced(operator: string, operands: readonly unknown[], from: number, to: number): unknown {
  if (to - from === 1) return operands[from]
  // INVARIANT: a short chain keeps the form the reference gives it.
  const middle = operands.length <= 16 ? to - 1 : (from + to) >> 1
  const left = balanced(operator, operands, from, middle)
  return { [operator]: { left, right: balanced(operator, operands, middle, to) } }
}
