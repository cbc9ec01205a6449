import type { EntityView } from '@gatehouse/cedar'
import { type Decision, type DecisionRequest, decide, type PrincipalState } from '../engine/decision.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Grant } from '../grants/grant.ts'
import type { GrantLinks } from '../grants/grant-links.ts'

/** One change that alone would turn an answer, tried on the policies in force. */
export type Turn =
  | { readonly kind: 'grant'; readonly role: string; readonly principal: EntityUid; readonly resource: EntityUid }
  | { readonly kind: 'revoke'; readonly grants: readonly string[] }
  | { readonly kind: 'activate'; readonly principal: EntityUid }
  | { readonly kind: 'policy'; readonly policies: readonly string[] }

export interface Tried {
  readonly links: GrantLinks
  readonly view: EntityView
  readonly request: DecisionRequest
  readonly state: PrincipalState
  /** Roles to try, those of least power first. */
  readonly roles: readonly string[]
}

const turnsMost = 5

/**
 * The nearest changes that would turn a decision, each tried in a hypothetical that nothing else sees: it is synchronous, and
 * the links are as before when it returns.
 */
export function findTurns(tried: Tried, decision: Decision): Turn[] {
  const { links, request, state } = tried
  if (decision.reasons.includes('gatehouse:principal-inactive'))
    return [{ kind: 'activate', principal: request.principal }]
  if (state !== 'fit' || decision.reasons.some((id) => id.startsWith('gatehouse:'))) return []
  if (decision.reasons.length > 0) {
    const grants = decision.reasons.flatMap((id) => links.grant(id) ?? [])
    const fixed = decision.reasons.filter((id) => links.grant(id) === undefined)
    if (fixed.length > 0) return [{ kind: 'policy', policies: fixed }]
    const turned = links.without(grants, () => again(tried).allow !== decision.allow)
    return turned ? [{ kind: 'revoke', grants: grants.map(({ id }) => id) }] : []
  }
  const turns: Turn[] = []
  const { principal, resource } = request
  for (const role of tried.roles) {
    if (turns.length >= turnsMost) break
    const grant = { role, principal, resource } as Grant
    if (links.with(grant, () => again(tried).allow)) turns.push({ kind: 'grant', role, principal, resource })
  }
  return turns
}

const again = ({ links, view, request, state }: Tried): Decision => decide(links.policies, view, '', request, state)
