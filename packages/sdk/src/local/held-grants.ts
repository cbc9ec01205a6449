import type { PolicySet } from '@gatehouse/cedar'

/** A grant as the server tells it: a role that somebody holds on something, for a time. */
export interface HeldGrant {
  readonly id: string
  readonly role: string
  readonly principal: { readonly type: string; readonly id: string }
  readonly resource: { readonly type: string; readonly id: string }
  readonly fromMs: number
  readonly untilMs?: number
}

/**
 * Grants as links of a policy set, linked exactly while they are in force: `settle` costs one comparison unless one starts or ends
 * just then. No timer.
 */
export class HeldGrants {
  readonly policies: PolicySet
  readonly #grants = new Map<string, HeldGrant>()
  readonly #linked = new Set<string>()
  /** Moments at which something starts or ends, ascending. */
  #times: { readonly atMs: number; readonly id: string }[] = []
  #sorted = true
  #nextMs = Number.POSITIVE_INFINITY

  constructor(policies: PolicySet) {
    this.policies = policies
  }

  get size(): number {
    return this.#grants.size
  }

  get(id: string): HeldGrant | undefined {
    return this.#grants.get(id)
  }

  all(): IterableIterator<HeldGrant> {
    return this.#grants.values()
  }

  put(grant: HeldGrant, nowMs: number): void {
    this.remove(grant.id)
    this.#grants.set(grant.id, grant)
    for (const atMs of [grant.fromMs, grant.untilMs]) {
      if (atMs === undefined || atMs <= nowMs) continue
      this.#times.push({ atMs, id: grant.id })
      this.#sorted = false
      this.#nextMs = Math.min(this.#nextMs, atMs)
    }
    this.#apply(grant, nowMs)
  }

  remove(id: string): void {
    this.#grants.delete(id)
    if (this.#linked.delete(id)) this.policies.unlink(id)
  }

  settle(nowMs: number): void {
    if (nowMs < this.#nextMs) return
    if (!this.#sorted) this.#times.sort((a, b) => a.atMs - b.atMs)
    this.#sorted = true
    let done = 0
    for (const { atMs, id } of this.#times) {
      if (atMs > nowMs) break
      done++
      const grant = this.#grants.get(id)
      if (grant !== undefined) this.#apply(grant, nowMs)
    }
    this.#times = this.#times.slice(done)
    this.#nextMs = this.#times[0]?.atMs ?? Number.POSITIVE_INFINITY
  }

  #apply(grant: HeldGrant, nowMs: number): void {
    const wanted = grant.fromMs <= nowMs && (grant.untilMs === undefined || nowMs < grant.untilMs)
    if (wanted === this.#linked.has(grant.id)) return
    if (!wanted) {
      this.#linked.delete(grant.id)
      this.policies.unlink(grant.id)
      return
    }
    const slots = this.policies.slots(grant.role)
    // A role that the bundle in force does not have rests until one that has it takes over.
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
