import { Fault } from '#kernel'
import '../faults.ts'

/** A subject or resource as the caller names it (AuthZEN 1.0, "Subject", "Resource"). */
export interface AuthzenEntity {
  readonly type: string
  readonly id: string
  readonly properties: Members | undefined
}

export interface AuthzenAction {
  readonly name: string
  readonly properties: Members | undefined
}

export interface Evaluation {
  readonly subject: AuthzenEntity
  readonly action: AuthzenAction
  readonly resource: AuthzenEntity
  readonly context: Members | undefined
}

export const semantics = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const
export type Semantic = (typeof semantics)[number]

export interface Options {
  readonly semantic: Semantic
  /** Our own option: say why. */
  readonly explain: boolean
}

export type Members = Readonly<Record<string, unknown>>

/** Most evaluations of one request. */
export const evaluationsMost = 1_000
const textMost = 1_000
const tokenMost = 8_192
/** The type of a subject that is named by an access token for the application: whom it speaks for is in the token. */
export const tokenType = 'access_token'

export const wrong = (pointer: string, detail: string): Fault =>
  new Fault('authorization.request_invalid', {
    detail: `${pointer} ${detail}`,
    extra: { errors: [{ pointer, detail }] },
  })

/** Where in a request: a JSON pointer, or the number of an evaluation. It becomes a text only when something is wrong there. */
export type Place = string | number
export const pointerTo = (at: Place): string => (typeof at === 'number' ? `/body/evaluations/${at}` : at)

export const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * Reads one evaluation. What is missing in `given` is taken from `defaults`: whole objects, and of an object the members
 * that it must have. Unknown members are ignored.
 * @throws {Fault} `authorization.request_invalid` with the place
 */
export function readEvaluation(given: Members, defaults: Members | undefined, at: Place): Evaluation {
  return {
    subject: readEntity(given.subject, defaults?.subject, at, '/subject'),
    action: readAction(given.action, defaults?.action, at, '/action'),
    resource: readEntity(given.resource, defaults?.resource, at, '/resource'),
    context: readMembers(given.context ?? defaults?.context, at, '/context'),
  }
}

/** The body as an object. @throws {Fault} `authorization.request_invalid` */
export function readBody(body: unknown): Members {
  if (!isMembers(body)) throw wrong('/body', 'must be an object')
  return body
}

/**
 * The list of evaluations; undefined when it is absent or empty, for the request is then a single evaluation.
 * @throws {Fault} `authorization.request_invalid`
 */
export function readEvaluations(body: Members): readonly unknown[] | undefined {
  const list = body.evaluations
  if (list === undefined) return undefined
  if (!Array.isArray(list)) throw wrong('/body/evaluations', 'must be an array')
  if (list.length > evaluationsMost) throw wrong('/body/evaluations', `holds more than ${evaluationsMost} evaluations`)
  return list.length === 0 ? undefined : list
}

export function readOptions(body: Members): Options {
  const options = body.options
  if (options === undefined) return { semantic: 'execute_all', explain: false }
  if (!isMembers(options)) throw wrong('/body/options', 'must be an object')
  const semantic = options.evaluations_semantic ?? 'execute_all'
  if (!(semantics as readonly unknown[]).includes(semantic))
    throw wrong('/body/options/evaluations_semantic', `must be one of ${semantics.join(', ')}`)
  return { semantic: semantic as Semantic, explain: options.explain === true }
}

export function readEntity(given: unknown, fallback: unknown, at: Place, name = ''): AuthzenEntity {
  const entity = choose(given, fallback, at, name)
  const under = given === undefined || given === null || !isMembers(fallback) ? undefined : fallback
  return {
    type: readText(entity.type ?? under?.type, at, name, '/type'),
    id: readText(entity.id ?? under?.id, at, name, '/id', entity.type === tokenType ? tokenMost : textMost),
    properties: readMembers(entity.properties, at, name, '/properties'),
  }
}

export function readAction(given: unknown, fallback: unknown, at: Place, place = ''): AuthzenAction {
  const action = choose(given, fallback, at, place)
  const under = given === undefined || given === null || !isMembers(fallback) ? undefined : fallback
  return {
    name: readText(action.name ?? under?.name, at, place, '/name'),
    properties: readMembers(action.properties, at, place, '/properties'),
  }
}

function choose(given: unknown, fallback: unknown, at: Place, name: string): Members {
  const chosen = given ?? fallback
  if (chosen === undefined) throw wrong(pointerTo(at) + name, 'is missing')
  if (!isMembers(chosen)) throw wrong(pointerTo(at) + name, 'must be an object')
  return chosen
}

export function readText(value: unknown, at: Place, name = '', member = '', most = textMost): string {
  if (typeof value === 'string' && value.length > 0 && value.length <= most) return value
  const place = pointerTo(at) + name + member
  if (value === undefined) throw wrong(place, 'is missing')
  if (typeof value !== 'string') throw wrong(place, 'must be a string')
  throw wrong(place, `must have 1 to ${most} characters`)
}

export function readMembers(value: unknown, at: Place, name = '', member = ''): Members | undefined {
  if (value === undefined || value === null) return undefined
  if (!isMembers(value)) throw wrong(pointerTo(at) + name + member, 'must be an object')
  return value
}
