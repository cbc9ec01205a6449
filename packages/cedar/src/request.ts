import { CedarError, EvaluationFault } from './errors.ts'
import { isPlainObject, parseJson } from './json.ts'
import { limits } from './limits.ts'
import { isTypeName } from './names.ts'
import { CedarRecord, emptyRecord } from './value.ts'
import { Budget, recordFromJson } from './value-json.ts'

/** An entity reference in a request. */
export type EntityUid = { readonly type: string; readonly id: string }

/** What is asked: may this principal do this action on this resource? `context` is Cedar context JSON. */
export type Request = {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context?: { readonly [key: string]: unknown } | CedarRecord | string | undefined
}

/** A context read, from Cedar JSON (text, exact, or a value). @throws {CedarError} `json`, `limit` */
export function readContext(given: Request['context']): CedarRecord {
  if (given === undefined) return emptyRecord
  if (given instanceof CedarRecord) return given
  if (typeof given === 'object' && isEmpty(given)) return emptyRecord
  const json = typeof given === 'string' ? parseJson(given, limits.valueDepth + 8) : given
  if (!isPlainObject(json)) throw new CedarError('json', 'context must be an object')
  try {
    return recordFromJson(json, 'context', new Budget())
  } catch (error) {
    throw error instanceof EvaluationFault ? new CedarError('json', `context: ${error.message}`) : error
  }
}

/** True for `{}`, told without allocating. */
function isEmpty(json: object): boolean {
  for (const _ in json) return false
  return isPlainObject(json)
}

/** Checks an entity reference from outside. @throws {CedarError} `json` */
export function checkUid(uid: EntityUid, where: string): void {
  if (typeof uid?.type !== 'string' || typeof uid.id !== 'string')
    throw new CedarError('json', `${where} must be { type, id }, two strings`)
  if (!isTypeName(uid.type)) throw new CedarError('json', `${where}: ${JSON.stringify(uid.type)} is not a type name`)
}
