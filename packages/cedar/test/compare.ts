import { CedarError, Entities, PolicySet, Schema } from '../src/index.ts'
import { ask } from '../src/reference.ts'
import type { Case } from './generate.ts'

type Answer = { decision: string; reasons: string[]; errors: string[] } | { refused: string }

/** The reference's answers to every request of a case. */
export function referenceAnswers(made: Case): Answer[] {
  const policies = { staticPolicies: made.statics, templates: made.templates, templateLinks: made.links }
  return made.requests.map((request) => {
    try {
      const answer = ask((reference) =>
        reference.isAuthorized({ ...request, policies, entities: made.entities } as never),
      )
      if (answer.type === 'failure') return { refused: answer.errors[0]?.message ?? '' }
      const { decision, diagnostics } = answer.response
      return {
        decision,
        reasons: [...diagnostics.reason].sort(),
        errors: diagnostics.errors.map((error) => error.policyId).sort(),
      }
    } catch (error) {
      return { refused: String(error) }
    }
  })
}

/** Ours, to the same. */
export function ownAnswers(made: Case): Answer[] {
  let policies: PolicySet
  let entities: Entities
  try {
    policies = PolicySet.fromJson({
      staticPolicies: made.statics,
      templates: made.templates,
      templateLinks: made.links,
    })
    entities = Entities.fromJson(made.entities)
  } catch (error) {
    if (!(error instanceof CedarError)) throw error
    return made.requests.map(() => ({ refused: error.message }))
  }
  return made.requests.map((request) => {
    try {
      const { decision, reasons, errors } = policies.authorize(request, entities)
      return { decision, reasons: [...reasons].sort(), errors: errors.map((error) => error.policy).sort() }
    } catch (error) {
      if (!(error instanceof CedarError)) throw error
      return { refused: error.message }
    }
  })
}

/** Undefined if both say the same; else what each says. Messages of refusals may differ, refusing may not. */
export function difference(made: Case): { own: Answer; reference: Answer; request: unknown } | undefined {
  const [own, reference] = [ownAnswers(made), referenceAnswers(made)]
  for (let at = 0; at < own.length; at++) {
    const [left, right] = [own[at] as Answer, reference[at] as Answer]
    if ('refused' in left && 'refused' in right) continue
    if (JSON.stringify(left) !== JSON.stringify(right))
      return { own: left, reference: right, request: made.requests[at] }
  }
  return undefined
}

/** As `difference`, with a schema: entities and requests are read and checked by it on both sides. */
export function schemaDifference(made: Case & { schema: string }): unknown {
  const checked = ask((reference) =>
    reference.checkParseEntities({ entities: made.entities as never, schema: made.schema }),
  )
  const refusal = checked.type === 'failure' ? checked.errors[0]?.message : undefined
  let entities: Entities
  let schema: Schema
  try {
    schema = Schema.parse(made.schema)
    entities = Entities.fromJson(made.entities, schema)
  } catch (error) {
    if (!(error instanceof CedarError)) throw error
    return refusal === undefined ? { own: error.message, reference: 'accepted', of: 'entities' } : undefined
  }
  if (refusal !== undefined) return { own: 'accepted', reference: refusal, of: 'entities' }
  const policies = PolicySet.fromJson({ staticPolicies: made.statics })
  for (const request of made.requests) {
    const own = ownChecked(policies, entities, schema, request)
    const reference = referenceChecked(made, request)
    if ('refused' in own && 'refused' in reference) continue
    if (JSON.stringify(own) !== JSON.stringify(reference)) return { own, reference, request }
  }
  return undefined
}

function ownChecked(
  policies: PolicySet,
  entities: Entities,
  schema: Schema,
  request: Case['requests'][number],
): Answer {
  try {
    const { decision, reasons, errors } = policies.authorize(schema.request(request), entities)
    return { decision, reasons: [...reasons].sort(), errors: errors.map((error) => error.policy).sort() }
  } catch (error) {
    if (!(error instanceof CedarError)) throw error
    return { refused: error.message }
  }
}

function referenceChecked(made: Case & { schema: string }, request: Case['requests'][number]): Answer {
  const policies = { staticPolicies: made.statics }
  const call = { ...request, policies, entities: made.entities, schema: made.schema, validateRequest: true }
  const answer = ask((reference) => reference.isAuthorized(call as never))
  if (answer.type === 'failure') return { refused: answer.errors[0]?.message ?? '' }
  const { decision, diagnostics } = answer.response
  const errors = diagnostics.errors.map((error) => error.policyId).sort()
  return { decision, reasons: [...diagnostics.reason].sort(), errors }
}
