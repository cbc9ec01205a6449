import type { EntityView, Request } from '@gatehouse/cedar'
import type { Obligation } from '../evaluation.ts'
import type { ObligationRule, Replica } from './replica.ts'

export type Outcome = 'allow' | 'deny_policy' | 'deny_default' | 'deny_error'

/** A decision of a replica, in the server's terms. */
export interface Decided {
  readonly allow: boolean
  readonly outcome: Outcome
  readonly reasons: readonly string[]
  /** Policies that erred and were skipped. */
  readonly errors: readonly string[]
  /** Hash of the bundle; empty without one. */
  readonly bundle: string
}

const none: readonly never[] = Object.freeze([])
const deny = (
  outcome: Outcome,
  reasons: readonly string[],
  bundle: string,
  errors: readonly string[] = none,
): Decided => ({
  allow: false,
  outcome,
  reasons,
  errors,
  bundle,
})
const noBundle = deny('deny_default', ['gatehouse:no-bundle'], '')

/** Decides as the server does. INVARIANT: whatever goes wrong denies; it never throws. */
export function decide(replica: Replica, request: Request, view: EntityView, nowMs: number): Decided {
  const { bundle } = replica
  if (bundle === undefined) return noBundle
  const { hash } = bundle
  try {
    if (replica.broken !== undefined) return deny('deny_error', none, hash, ['gatehouse:bundle'])
    if (stateOf(replica, { type: 'Application', id: replica.application }, replica.entities) !== undefined)
      return deny('deny_policy', ['gatehouse:application-inactive'], hash)
    const unfit = stateOf(replica, request.principal, view)
    if (unfit !== undefined) return deny('deny_policy', [unfit], hash)
    const { decision, reasons, errors } = replica.grants(nowMs).policies.authorize(request, view)
    const erred = errors.length === 0 ? none : errors.map(({ policy }) => policy)
    if (decision === 'allow') return { allow: true, outcome: 'allow', reasons, errors: erred, bundle: hash }
    const outcome = reasons.length > 0 ? 'deny_policy' : errors.length > 0 ? 'deny_error' : 'deny_default'
    return deny(outcome, reasons, hash, erred)
  } catch {
    return deny('deny_error', none, hash, ['gatehouse:engine'])
  }
}

/** Why a principal of the directory can be permitted nothing, whatever policies say. */
export function stateOf(replica: Replica, uid: { type: string; id: string }, view: EntityView): string | undefined {
  if (!replica.directoryTypes.has(uid.type)) return undefined
  const entity = view.find(uid.type, uid.id)
  if (entity === undefined) return 'gatehouse:principal-unknown'
  return entity.attrs.get('active') === false ? 'gatehouse:principal-inactive' : undefined
}

/** What one policy, role or grant obliges to, as its annotations say it. */
export function rulesOf(replica: Replica, id: string, nowMs: number): readonly ObligationRule[] | undefined {
  const all = replica.bundle?.obligations
  const key = replica.grants(nowMs).get(id)?.role ?? id
  return all !== undefined && Object.hasOwn(all, key) ? all[key] : undefined
}

/** What those who enforce the decision must do as well: of every policy that decided it, each thing once. */
export function obligationsOf(
  replica: Replica,
  { reasons }: Decided,
  request: Request,
  nowMs: number,
): readonly Obligation[] {
  const all = replica.bundle?.obligations
  if (all === undefined || reasons.length === 0) return none
  const ids: Record<string, string> = {
    principal: request.principal.id,
    action: request.action.id,
    resource: request.resource.id,
  }
  const fill = (text: string) => text.replace(/\{(principal|action|resource)\}/g, (_, name: string) => ids[name] ?? '')
  const found = new Map<string, Obligation>()
  for (const policy of reasons) {
    for (const { type, properties } of rulesOf(replica, policy, nowMs) ?? none) {
      const filled = Object.fromEntries(
        Object.entries(properties).map(([name, value]) => [name, typeof value === 'string' ? fill(value) : value]),
      )
      const same = `${type}\n${JSON.stringify(filled)}`
      if (!found.has(same)) found.set(same, { id: `${policy}:${type}`, type, properties: filled })
    }
  }
  return found.size === 0 ? none : [...found.values()]
}
