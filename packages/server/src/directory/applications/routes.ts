import type { Problems } from '../values/problems.ts'
import type { ApplicationRoute } from './application.ts'

const segment = /^(?:[A-Za-z0-9._~!$&'()+,;=@-]|%[0-9A-F]{2})+$/
const parameter = /^:([A-Za-z_][A-Za-z0-9_]{0,63})$/
const resource = /^([A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)*)::"([^"\\\p{Cc}]{1,512})"$/u
const action = /^[^"\\\p{Cc}]{1,128}$/u

/** Names of the parameters of a path pattern, `*` for the rest; undefined when it is not one. */
function parametersOf(path: string): string[] | undefined {
  if (!path.startsWith('/') || path.length > 1_024) return undefined
  if (path === '/') return []
  const names: string[] = []
  const segments = path.slice(1).split('/')
  for (const [at, part] of segments.entries()) {
    const name = parameter.exec(part)?.[1]
    if (name !== undefined) names.push(name)
    else if (part === '*' && at === segments.length - 1) names.push('*')
    else if (part === '' && at === segments.length - 1) continue
    else if (part === '.' || part === '..' || !segment.test(part)) return undefined
  }
  return names
}

/** Checks the routes of forward-auth: path patterns, and resources that are Cedar entities filled from them. */
export function parseRoutes(
  problems: Problems,
  pointer: string,
  given: readonly ApplicationRoute[],
): readonly ApplicationRoute[] {
  problems.check(given.length <= 500, pointer, 'must have at most 500 items')
  const seen = new Set<string>()
  for (const [at, route] of given.entries()) {
    const place = `${pointer}/${at}`
    const names = parametersOf(route.path)
    if (names === undefined) {
      problems.add(
        `${place}/path`,
        'must be a path of literal segments, ":name" and a last "*", such as /documents/:id',
      )
      continue
    }
    problems.check(new Set(names).size === names.length, `${place}/path`, 'must not name a parameter twice')
    problems.check(action.test(route.action), `${place}/action`, 'must be an action name without quotes')
    const entity = resource.exec(route.resource)
    if (entity === null) {
      problems.add(`${place}/resource`, 'must be a Cedar entity such as Document::"{id}"')
      continue
    }
    const ownNamespace = (entity[1] as string).split('::')[0] === 'Gatehouse'
    problems.check(!ownNamespace, `${place}/resource`, 'must not be of the namespace Gatehouse')
    for (const [, name] of (entity[2] as string).matchAll(/\{([^{}]*)\}/g)) {
      problems.check(names.includes(name as string), `${place}/resource`, `names {${name}}, which the path does not`)
    }
    // Two routes that differ only in what their parameters are called match the same requests.
    const matches = `${route.method} ${route.path.replace(/:[A-Za-z0-9_]+/g, ':')}`
    problems.check(!seen.has(matches), place, 'matches the same requests as an earlier route')
    seen.add(matches)
  }
  return given
}
