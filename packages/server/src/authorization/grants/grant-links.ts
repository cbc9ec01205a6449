import type { PolicySet } from '@gatehouse/cedar'
import type { GrantId } from '#kernel'
import type { EntityUid } from '../entities/source.ts'
import { type Grant, isInForce } from './grant.ts'
import { TimeHeap } from './time-heap.ts'

const keyOf = (uid: EntityUid) => `${uid.type}\n${uid.id}`

/**
 * The grants of one policy set as its links. A grant is linked exactly while it is in force: whoever decides calls
 * `settle` first, which costs one comparison unless a grant starts or ends just then. No timer, no sweep.
 */
export class GrantLinks {
  readonly policies: PolicySet
  readonly #grants = new Map<GrantId, Grant>()
  readonly #byPrincipal = new Map<string, Set<Grant>>()
  readonly #linked = new Set<GrantId>()
  readonly #times = new TimeHeap<GrantId>()

  constructor(policies: PolicySet) {
    this.policies = policies
  }

  get size(): number {
    return this.#grants.size
  }

  /** Adds or replaces. A grant whose role the policy set does not have rests until one that has it takes over. */
  put(grant: Grant, nowMs: number): void {
    this.remove(grant.id)
    this.#grants.set(grant.id, grant)
    const key = keyOf(grant.principal)
    const held = this.#byPrincipal.get(key)
    if (held === undefined) this.#byPrincipal.set(key, new Set([grant]))
    else held.add(grant)
    if (grant.fromMs > nowMs) this.#times.push(grant.fromMs, grant.id)
    if (grant.untilMs !== undefined && grant.untilMs > nowMs) this.#times.push(grant.untilMs, grant.id)
    this.#apply(grant, nowMs)
  }

  remove(id: GrantId): void {
    const grant = this.#grants.get(id)
    if (grant === undefined) return
    this.#grants.delete(id)
    const key = keyOf(grant.principal)
    const held = this.#byPrincipal.get(key)
    held?.delete(grant)
    if (held?.size === 0) this.#byPrincipal.delete(key)
    if (this.#linked.delete(id)) this.policies.unlink(id)
  }

  /** Brings the links in line with the time. */
  settle(nowMs: number): void {
    while (nowMs >= this.#times.nextMs) {
      const grant = this.#grants.get(this.#times.pop())
      if (grant !== undefined) this.#apply(grant, nowMs)
    }
  }

  /** The grants in force of exactly this principal, its groups' not among them. */
  *inForceOf(principal: EntityUid, nowMs: number): Generator<Grant> {
    for (const grant of this.#byPrincipal.get(keyOf(principal)) ?? []) {
      if (isInForce(grant, nowMs)) yield grant
    }
  }

  /** As `inForceOf`, with those that begin later. */
  *notEndedOf(principal: EntityUid, nowMs: number): Generator<Grant> {
    for (const grant of this.#byPrincipal.get(keyOf(principal)) ?? []) {
      if (grant.untilMs === undefined || nowMs < grant.untilMs) yield grant
    }
  }

  /** The grant that a link's id names. */
  grant(id: string): Grant | undefined {
    return this.#grants.get(id as GrantId)
  }

  all(): IterableIterator<Grant> {
    return this.#grants.values()
  }

  #apply(grant: Grant, nowMs: number): void {
    const wanted = isInForce(grant, nowMs)
    if (wanted === this.#linked.has(grant.id)) return
    if (!wanted) {
      this.#linked.delete(grant.id)
      this.policies.unlink(grant.id)
      return
    }
    const slots = this.policies.slots(grant.role)
    if (slots === undefined) return
    this.policies.link({
      template: grant.role,
      id: grant.id,
      ...(slots.includes('principal') && { principal: grant.principal }),
      ...(slots.includes('resource') && { resource: grant.resource }),
    })
    this.#linked.add(grant.id)
  }
}
