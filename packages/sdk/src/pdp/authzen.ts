import { GatehouseError } from '../errors.ts'
import type { AskOptions, EntityRef, Evaluation, EvaluationResult } from '../evaluation.ts'
import type { LocalDecisions } from '../local/local-decisions.ts'
import { isObject } from '../tokens/jws.ts'

type Members = Readonly<Record<string, unknown>>

const semantics = ['execute_all', 'deny_on_first_deny', 'permit_on_first_permit'] as const
const evaluationsMost = 1_000

const wrong = (at: string, detail: string) => new GatehouseError('request.invalid', `${at} ${detail}`)

/** Answers `/access/v1/evaluation` (AuthZEN 1.0). @throws {GatehouseError} */
export async function answerEvaluation(local: LocalDecisions, body: unknown, asked: AskOptions): Promise<object> {
  if (!isObject(body)) throw wrong('/body', 'must be an object')
  return show(await local.evaluate(readEvaluation(body, {}, '/body'), asked))
}

/**
 * Answers `/access/v1/evaluations`: defaults of the body for each, in order, ended early as its semantic says; one that cannot be read is a
 * deny with its error. @throws {GatehouseError}
 */
export async function answerEvaluations(local: LocalDecisions, body: unknown, asked: AskOptions): Promise<object> {
  if (!isObject(body)) throw wrong('/body', 'must be an object')
  const { evaluations: list, options } = body
  if (list === undefined || (Array.isArray(list) && list.length === 0)) return answerEvaluation(local, body, asked)
  if (!Array.isArray(list)) throw wrong('/body/evaluations', 'must be an array')
  if (list.length > evaluationsMost) throw wrong('/body/evaluations', `holds more than ${evaluationsMost} evaluations`)
  const semantic = (isObject(options) ? options.evaluations_semantic : undefined) ?? 'execute_all'
  if (!(semantics as readonly unknown[]).includes(semantic))
    throw wrong('/body/options/evaluations_semantic', `must be one of ${semantics.join(', ')}`)
  const answers: object[] = []
  for (const [at, given] of list.entries()) {
    const place = `/body/evaluations/${at}`
    let decision = false
    try {
      if (!isObject(given)) throw wrong(place, 'must be an object')
      const result = await local.evaluate(readEvaluation(given, body, place), asked)
      decision = result.decision
      answers.push(show(result))
    } catch (error) {
      if (!(error instanceof GatehouseError) || error.code !== 'request.invalid') throw error
      answers.push({ decision: false, context: { error: { status: error.status, message: error.message } } })
    }
    if (semantic === 'deny_on_first_deny' && !decision) break
    if (semantic === 'permit_on_first_permit' && decision) break
  }
  return { evaluations: answers }
}

const show = ({ decision, obligations }: EvaluationResult) =>
  obligations.length === 0 ? { decision } : { decision, context: { obligations } }

function readEvaluation(given: Members, defaults: Members, at: string): Evaluation {
  const context = readMembers(given.context ?? defaults.context, `${at}/context`)
  const action = choose(given.action, defaults.action, `${at}/action`)
  const properties = readMembers(action.properties, `${at}/action/properties`)
  return {
    subject: readEntity(given.subject, defaults.subject, `${at}/subject`),
    action: { name: readText(action.name, `${at}/action/name`), ...(properties !== undefined && { properties }) },
    resource: readEntity(given.resource, defaults.resource, `${at}/resource`),
    ...(context !== undefined && { context }),
  }
}

function readEntity(given: unknown, fallback: unknown, at: string): EntityRef {
  const entity = choose(given, fallback, at)
  const properties = readMembers(entity.properties, `${at}/properties`)
  return {
    type: readText(entity.type, `${at}/type`),
    id: readText(entity.id, `${at}/id`),
    ...(properties !== undefined && { properties }),
  }
}

function choose(given: unknown, fallback: unknown, at: string): Members {
  const chosen = given ?? fallback
  if (chosen === undefined) throw wrong(at, 'is missing')
  if (!isObject(chosen)) throw wrong(at, 'must be an object')
  return chosen
}

function readText(value: unknown, at: string): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > 1_000)
    throw wrong(at, 'must be a string of 1 to 1000 characters')
  return value
}

function readMembers(value: unknown, at: string): Members | undefined {
  if (value === undefined || value === null) return undefined
  if (!isObject(value)) throw wrong(at, 'must be an object')
  return value
}
