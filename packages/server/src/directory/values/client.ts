import type { Problems } from './problems.ts'

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/

/** Scopes that a client may ask for (RFC 6749 §3.3): at most 100, all different. */
export function parseScopes(problems: Problems, pointer: string, given: readonly string[]): readonly string[] {
  problems.check(given.length <= 100, pointer, 'must have at most 100 items')
  problems.check(new Set(given).size === given.length, pointer, 'must have no item twice')
  for (const [at, scope] of given.entries())
    problems.check(scopeToken.test(scope), `${pointer}/${at}`, 'must be a scope token (RFC 6749 3.3)')
  return given
}

/** A whole number of seconds between two bounds, both included. */
export function parseLifetime(
  problems: Problems,
  pointer: string,
  seconds: number,
  [least, most]: readonly [number, number],
): number {
  const fits = Number.isInteger(seconds) && seconds >= least && seconds <= most
  problems.check(fits, pointer, `must be ${least} to ${most} seconds`)
  return seconds
}
