import type { PolicySet } from '@gatehouse/cedar'
import type { GrantId } from '#kernel'
import type { EntityUid } from '../entities/source.ts'
import { type Grant, isInForce } from './grant.ts'
import { TimeHeap } from './time-heap.ts'

/**
 * The grants of one policy set as its links. A grant is linked exactly while it is in force: whoever decides calls
 * `settle` first, which costs one comparison unless a grant starts or ends just then. No timer, no sweep.
 */
export class GrantLinks {
  readonly policies: PolicySet
  readonly #grants = new Map<GrantId, Grant>()
  readonly #byPrincipal = new HeldBy()
  readonly #times = new TimeHeap<GrantId>()
  #revision = 0

  constructor(policies: PolicySet) {
    this.policies = policies
  }

  get size(): number {
    return this.#grants.size
  }

  /** Another one after every change of what is linked. */
  get revision(): number {
    return this.#revision
  }

  /** Adds or replaces. A grant whose role the policy set does not have rests until one that has it takes over. */
  put(grant: Grant, nowMs: number): void {
    this.remove(grant.id)
    this.#grants.set(grant.id, grant)
    this.#byPrincipal.add(grant)
    if (grant.fromMs > nowMs) this.#times.push(grant.fromMs, grant.id)
    if (grant.untilMs !== undefined && grant.untilMs > nowMs) this.#times.push(grant.untilMs, grant.id)
    this.#apply(grant, nowMs)
  }

  remove(id: GrantId): void {
    const grant = this.#grants.get(id)
    if (grant === undefined) return
    this.#grants.delete(id)
    this.#byPrincipal.remove(grant)
    this.#unlink(id)
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
    for (const grant of this.#byPrincipal.of(principal)) {
      if (isInForce(grant, nowMs)) yield grant
    }
  }

  /** As `inForceOf`, with those that begin later. */
  *notEndedOf(principal: EntityUid, nowMs: number): Generator<Grant> {
    for (const grant of this.#byPrincipal.of(principal)) {
      if (grant.untilMs === undefined || nowMs < grant.untilMs) yield grant
    }
  }

  /** The grant that a link's id names. */
  grant(id: string): Grant | undefined {
    return this.#grants.get(id as GrantId)
  }

  /** What `body` answers while this grant is linked as well. Synchronous: nobody else decides meanwhile. */
  with<T>(grant: Pick<Grant, 'role' | 'principal' | 'resource'>, body: () => T): T {
    const id = 'gatehouse:tried'
    if (!this.#link({ ...grant, id })) return body()
    try {
      return body()
    } finally {
      this.#unlink(id)
    }
  }

  /** What `body` answers while these grants are not linked. Synchronous, as `with`. */
  without<T>(grants: readonly Grant[], body: () => T): T {
    const taken = grants.filter(({ id }) => this.#unlink(id))
    try {
      return body()
    } finally {
      for (const grant of taken) this.#link(grant)
    }
  }

  all(): IterableIterator<Grant> {
    return this.#grants.values()
  }

  #apply(grant: Grant, nowMs: number): void {
    const wanted = isInForce(grant, nowMs)
    if (wanted === this.policies.has(grant.id)) return
    if (!wanted) {
      this.#unlink(grant.id)
      return
    }
    this.#link(grant)
  }

  #unlink(id: string): boolean {
    this.#revision++
    return this.policies.unlink(id)
  }

  /** False for a role that the policy set does not have. */
  #link(grant: Pick<Grant, 'role' | 'principal' | 'resource'> & { readonly id: string }): boolean {
    const slots = this.policies.slots(grant.role)
    if (slots === undefined) return false
    this.#revision++
    this.policies.link({
      template: grant.role,
      id: grant.id,
      ...(slots.includes('principal') && { principal: grant.principal }),
      ...(slots.includes('resource') && { resource: grant.resource }),
    })
    return true
  }
}

/** Grants by their principal. Most principals hold one, so that a set each would be most of the memory. */
class HeldBy {
  readonly #types = new Map<string, Map<string, Grant | Set<Grant>>>()

  add(grant: Grant): void {
    const { type, id } = grant.principal
    let ids = this.#types.get(type)
    if (ids === undefined) {
      ids = new Map()
      this.#types.set(type, ids)
    }
    const held = ids.get(id)
    if (held === undefined) ids.set(id, grant)
    else if (held instanceof Set) held.add(grant)
    else ids.set(id, new Set([held, grant]))
  }

  remove(grant: Grant): void {
    const { type, id } = grant.principal
    const ids = this.#types.get(type)
    const held = ids?.get(id)
    if (held === grant) ids?.delete(id)
    else if (held instanceof Set) {
      held.delete(grant)
      if (held.size === 0) ids?.delete(id)
    }
  }

  of({ type, id }: EntityUid): Iterable<Grant> {
    const held = this.#types.get(type)?.get(id)
    if (held === undefined) return []
    return held instanceof Set ? held : [held]
  }
}
