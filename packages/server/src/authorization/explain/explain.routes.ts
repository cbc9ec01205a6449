import type { EntityView, Explanation } from '@gatehouse/cedar'
import { Fault, isId, type Static, Type } from '#kernel'
import { type Operation, operation } from '#web'
import { ours, sentences } from '../authzen/explain.ts'
import { Masks, withoutValues } from '../authzen/masks.ts'
import { readEvaluation } from '../authzen/request.ts'
import { translate } from '../authzen/translate.ts'
import type { AuthorizationDeps } from '../deps.ts'
import type { Decision, DecisionRequest } from '../engine/decision.ts'
import { deployment } from '../gate/gate.ts'
import type { GrantLinks } from '../grants/grant-links.ts'
import { findTurns, type Turn } from './turns.ts'
import '../faults.ts'

const text = (maxLength: number) => Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$' })
const uid = Type.Object({ type: text(200), id: text(1_000) }, { additionalProperties: false })
const body = Type.Object(
  {
    applicationId: Type.Optional(
      Type.String({ description: 'Whose policies to ask; without one, those of Gatehouse itself' }),
    ),
    subject: uid,
    action: text(200),
    resource: uid,
    context: Type.Optional(Type.Record(Type.String(), Type.Any())),
  },
  { additionalProperties: false },
)
const part = Type.Object({
  policy: Type.String(),
  effect: Type.String(),
  role: Type.Optional(Type.String()),
  says: Type.Optional(Type.String()),
  grant: Type.Optional(Type.Object({ id: Type.String(), principal: uid, resource: uid })),
  outOfScope: Type.Array(Type.String(), { description: 'Parts of the scope that did not hold, as Cedar text' }),
  failed: Type.Optional(
    Type.Object({
      kind: Type.String(),
      text: Type.String(),
      values: Type.Array(Type.Object({ expression: Type.String(), value: Type.String() })),
      error: Type.Optional(Type.String()),
    }),
  ),
  paths: Type.Array(Type.Array(uid), { description: 'The way up behind each `in` that held' }),
})
const turn = Type.Unsafe<Turn>({
  type: 'object',
  properties: {
    kind: { type: 'string', enum: ['grant', 'revoke', 'activate', 'policy'] },
    role: { type: 'string' },
    principal: uid,
    resource: uid,
    grants: { type: 'array', items: { type: 'string' } },
    policies: { type: 'array', items: { type: 'string' } },
  },
  required: ['kind'],
})
const reply = Type.Object({
  decision: Type.Boolean(),
  outcome: Type.String(),
  says: Type.String(),
  reasons: Type.Array(
    Type.Object({ id: Type.String(), role: Type.Optional(Type.String()), says: Type.Optional(Type.String()) }),
  ),
  errors: Type.Array(Type.Object({ policy: Type.String(), message: Type.String() })),
  bundle: Type.String(),
  principal: uid,
  action: uid,
  resource: uid,
  decided: Type.Array(part),
  nearly: Type.Array(part, { description: 'Policies that came close, the closest first' }),
  turns: Type.Array(turn, { description: 'Changes each of which alone would turn the answer' }),
})

interface Asked {
  readonly request: DecisionRequest
  readonly view: EntityView
  readonly links: GrantLinks
  readonly decision: Decision
  /** Hides what the application's manifest calls secret. */
  readonly masks: Masks
  readonly state: 'fit' | 'gatehouse:principal-unknown' | 'gatehouse:principal-inactive'
  readonly roles: readonly string[]
}

/** "Can she?": a decision tried, with its trace and the nearest changes that would turn it. It is not put on record as a decision. */
export function explainOperations(deps: AuthorizationDeps): Operation[] {
  return [
    operation({
      id: 'decisions.explain',
      method: 'POST',
      url: '/api/decisions/explain',
      summary: 'Try a decision: its trace, the policies that came close, and the changes that would turn it',
      access: { kind: 'action', action: 'explainDecision' },
      bodyLimit: 256 * 1024,
      schemas: { body, reply },
      handle: async ({ act, body }) => {
        const id = body.applicationId
        if (id !== undefined && !isId('app', id)) throw new Fault('authorization.application_unknown')
        deps.gate.require(act, 'explainDecision', id === undefined ? deployment : { type: 'Application', id })
        const asked = id === undefined ? askOwn(deps, body) : askApplication(deps, id, body)
        const { request, view, links, decision } = asked
        const traced = trace(links, request, view)
        const show = (one: Explanation['decided'][number]) => showPart(asked, one)
        return {
          decision: decision.allow,
          outcome: decision.outcome,
          says: sentences[decision.outcome],
          reasons: decision.reasons.map((id) => showReason(links, id)),
          errors: decision.errors.map(({ policy, message }) => ({ policy, message: withoutValues(message) })),
          bundle: decision.bundle,
          principal: request.principal,
          action: request.action,
          resource: request.resource,
          decided: (traced?.decided ?? []).map(show),
          nearly: (traced?.nearly ?? []).map(show),
          turns: findTurns(asked, decision),
        } as unknown as Static<typeof reply>
      },
    }),
  ]
}

/** Undefined where the policies cannot be traced: the decision's own errors then say what is wrong. */
function trace(links: GrantLinks, request: DecisionRequest, view: EntityView): Explanation | undefined {
  try {
    return links.policies.explain(request, view, { most: 8 })
  } catch {
    return undefined
  }
}

function askOwn({ snapshot, clock }: AuthorizationDeps, asked: Static<typeof body>): Asked {
  if (!snapshot.builtin.actions.has(asked.action))
    throw new Fault('authorization.request_invalid', { detail: `/body/action Gatehouse has no action ${asked.action}` })
  const request = {
    principal: asked.subject,
    action: { type: 'Gatehouse::Action', id: asked.action },
    resource: asked.resource,
  }
  const nowMs = clock.nowMs()
  const decision = snapshot.decideOwn(request, nowMs)
  const links = snapshot.grants(nowMs)
  const power = (role: string) => snapshot.builtin.roles.get(role)?.actions?.size ?? Number.MAX_SAFE_INTEGER
  return {
    request,
    view: snapshot.directory.all,
    links,
    decision,
    masks: new Masks(undefined),
    state: snapshot.directory.stateOf(request.principal),
    roles: [...snapshot.builtin.roles.keys()].sort((a, b) => power(a) - power(b)),
  }
}

function askApplication(deps: AuthorizationDeps, id: string, asked: Static<typeof body>): Asked {
  const application = isId('app', id) ? deps.snapshot.application(id) : undefined
  if (application === undefined) throw new Fault('authorization.application_unknown')
  const { subject, resource, context } = asked
  const given = { subject, action: { name: asked.action }, resource, ...(context && { context }) }
  const { request, view } = translate(application, readEvaluation(given, undefined, '/body'), '/body')
  const nowMs = deps.clock.nowMs()
  const decision = application.decide(request, nowMs, view)
  const links = application.links(nowMs)
  return {
    request,
    view,
    links,
    decision,
    masks: new Masks(application.manifest.secretAttributes),
    state: application.stateOf(request.principal),
    roles: links.policies.templateIds(),
  }
}

function showReason(links: GrantLinks, id: string) {
  const role = links.grant(id)?.role
  const says = ours[id] ?? links.policies.annotations(id)?.says
  return { id, ...(role !== undefined && { role }), ...(says !== undefined && { says }) }
}

function showPart({ links, masks }: Asked, one: Explanation['decided'][number]): Static<typeof part> {
  const grant = links.grant(one.policy)
  const failed = one.failed === undefined ? undefined : masks.clause(one.failed)
  return {
    policy: one.policy,
    effect: one.effect,
    ...(grant !== undefined && {
      role: grant.role,
      grant: { id: grant.id, principal: { ...grant.principal }, resource: { ...grant.resource } },
    }),
    ...(one.annotations.says !== undefined && { says: one.annotations.says }),
    outOfScope: [...one.outOfScope],
    ...(failed !== undefined && {
      failed: {
        kind: failed.kind,
        text: failed.text,
        values: failed.values.map((value) => ({ ...value })),
        ...(failed.error !== undefined && { error: failed.error }),
      },
    }),
    paths: one.paths.map((path) => path.map(({ type, id }) => ({ type, id }))),
  }
}
