import { Random } from './random.ts'

export type Ref = { type: string; id: string }
export type EntityJson = { uid: Ref; attrs: Record<string, unknown>; parents: Ref[] }
export type Ask = { principal: Ref; action: Ref; resource: Ref; context: Record<string, never> }
export type Grant = { template: string; id: string; principal: Ref; resource: Ref }

/**
 * One application of the OOPSLA 2024 Cedar paper, rebuilt: `n` entities of each type, connected with probability 0.05.
 * `triples` says the same as (subject, object, action), for engines that know no more: `deep` reaches down hierarchies.
 */
export type Workload = {
  name: string
  policies: string
  grants: Grant[]
  entities: EntityJson[]
  asks: Ask[]
  triples: { subject: string; object: string; action: string; deep: boolean }[]
}

export const connected = 0.05
export const ref = (type: string, id: string): Ref => ({ type, id })
export const entityRef = (uid: Ref) => ({ __entity: uid })
export const nameOf = (uid: Ref) => `${uid.type}:${uid.id}`
export const named = (type: string, n: number) =>
  Array.from({ length: n }, (_, at) => ref(type, `${type.toLowerCase()}_${at}`))
export const entity = (uid: Ref, parents: Ref[] = [], attrs: Record<string, unknown> = {}): EntityJson => ({
  uid,
  attrs,
  parents,
})

/** Parents among earlier ones of the same kind, so that there is no cycle. */
export function nested(refs: readonly Ref[], random: Random): Ref[][] {
  return refs.map((_, at) => random.some(refs.slice(0, at), connected))
}

export function makeAsks(
  random: Random,
  count: number,
  principals: readonly Ref[],
  pairs: readonly [string, readonly Ref[]][],
): Ask[] {
  return Array.from({ length: count }, () => {
    const [action, resources] = random.pick(pairs)
    return {
      principal: random.pick(principals),
      action: ref('Action', action),
      resource: random.pick(resources),
      context: {},
    }
  })
}

export { Random }
