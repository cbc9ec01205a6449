import type { EntityUid } from '../entities/source.ts'
import { decodeSegment } from './path.ts'
import type { ProtectedRoute } from './ports.ts'

export interface Asked {
  readonly action: string
  readonly resource: EntityUid
}

interface Compiled {
  readonly method: string
  readonly segments: readonly Segment[]
  readonly rest: boolean
  readonly action: string
  readonly type: string
  readonly id: string
}

type Segment = { readonly literal: string } | { readonly name: string }

const resourceShape = /^([A-Za-z_]\w*(?:::[A-Za-z_]\w*)*)::"([^"]*)"$/

/** An application's routes; the first that fits decides what is asked. */
export class RouteTable {
  readonly #routes: readonly Compiled[]

  constructor(routes: readonly ProtectedRoute[]) {
    this.#routes = routes.map(compile)
  }

  /**
   * What a request asks for; undefined when no route fits. Without any route the action is the method and the resource
   * `route::"<path>"`. `HEAD` is `GET` where no route of its own fits; a slash at the end makes no difference. `ambiguous-case` for a
   * path that a service which ignores letter case would take for an earlier route than the one that fits: `/ADMIN/x`, where `/admin/:id`
   * stands above `/*`. Routes that tell the letters apart themselves are taken at their word.
   * @param path as `normalisePath` made it
   */
  match(method: string, path: string): Asked | 'ambiguous-case' | undefined {
    if (this.#routes.length === 0) return { action: method, resource: { type: 'route', id: path } }
    const segments = (path.length > 1 && path.endsWith('/') ? path.slice(1, -1) : path.slice(1)).split('/')
    const asked = this.#match(method, segments)
    return asked === undefined && method === 'HEAD' ? this.#match('GET', segments) : asked
  }

  #match(method: string, segments: readonly string[]): Asked | 'ambiguous-case' | undefined {
    /** Where the literals of an earlier route differ from the path by their case only. */
    const differing: number[] = []
    for (const route of this.#routes) {
      if (route.method !== '*' && route.method !== method) continue
      const parameters = fit(route, segments)
      if (parameters === undefined) {
        differing.push(...differingByCase(route, segments))
        continue
      }
      if (differing.some((at) => !isLiteral(route.segments[at]))) return 'ambiguous-case'
      const id = route.id.replace(/\{([^{}]*)\}/g, (_, name: string) => parameters.get(name) ?? '')
      return { action: route.action, resource: { type: route.type, id } }
    }
    return undefined
  }
}

const isLiteral = (segment: Segment | undefined): boolean => segment !== undefined && 'literal' in segment
const fold = (segment: string): string => (decodeSegment(segment) ?? segment).toLowerCase()

/** The places where a route would fit but for the case of its literals; none for one that would not. */
function differingByCase(route: Compiled, segments: readonly string[]): number[] {
  const { length } = route.segments
  if (route.rest ? segments.length < length : segments.length !== length) return []
  const differing: number[] = []
  for (let at = 0; at < length; at++) {
    const wanted = route.segments[at] as Segment
    const found = segments[at] as string
    if (!('literal' in wanted) || wanted.literal === found) continue
    if (fold(wanted.literal) !== fold(found)) return []
    differing.push(at)
  }
  return differing
}

function fit(route: Compiled, segments: readonly string[]): Map<string, string> | undefined {
  const { length } = route.segments
  if (route.rest ? segments.length < length : segments.length !== length) return undefined
  const parameters = new Map<string, string>()
  for (let at = 0; at < length; at++) {
    const wanted = route.segments[at] as Segment
    const found = segments[at] as string
    if ('literal' in wanted) {
      if (wanted.literal !== found) return undefined
    } else {
      const text = decodeSegment(found)
      if (text === undefined || text === '') return undefined
      parameters.set(wanted.name, text)
    }
  }
  if (route.rest) {
    const rest = segments.slice(length).map(decodeSegment)
    if (rest.includes(undefined)) return undefined
    parameters.set('*', rest.join('/'))
  }
  return parameters
}

function compile({ method, path, action, resource }: ProtectedRoute): Compiled {
  const segments = (path.length > 1 && path.endsWith('/') ? path.slice(1, -1) : path.slice(1)).split('/')
  const rest = segments.at(-1) === '*'
  if (rest) segments.pop()
  const [, type = '', id = ''] = resourceShape.exec(resource) ?? []
  if (type === '') throw new TypeError(`${resource} is not a resource of a route`)
  return {
    method,
    segments: segments.map((text) => (text.startsWith(':') ? { name: text.slice(1) } : { literal: text })),
    rest,
    action,
    type,
    id,
  }
}
