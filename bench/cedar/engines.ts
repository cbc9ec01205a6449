import { createMongoAbility, type MongoAbility, type RawRuleOf, subject } from '@casl/ability'
import * as wasm from '@cedar-policy/cedar-wasm/nodejs'
import { DefaultRoleManager, newEnforcer, newModelFromString } from 'casbin'
import { Entities, PolicySet } from '../../packages/cedar/src/index.ts'
import { type Ask, type EntityJson, nameOf, type Ref, type Workload } from './workload.ts'

/** An engine made ready for one workload: everything that can be prepared is, before it is timed. */
export type Engine = { name: string; decide: (ask: Ask) => boolean; close?: () => void }

export function ours(work: Workload): Engine {
  const policies = PolicySet.parse(work.policies, { ids: 'annotation' })
  for (const grant of work.grants) policies.link(grant)
  const entities = Entities.fromJson(work.entities)
  return { name: '@gatehouse/cedar', decide: (ask) => policies.authorize(ask, entities).decision === 'allow' }
}

/** The reference's stateful call: policies are kept parsed; it takes the entities anew with each call. */
export function cedarWasm(work: Workload): Engine {
  const set = PolicySet.parse(work.policies, { ids: 'annotation' })
  for (const grant of work.grants) set.link(grant)
  const id = `${work.name}-${work.entities.length}`
  const parsed = wasm.preparsePolicySet(id, set.toJson() as never)
  if (parsed.type === 'failure') throw new Error(parsed.errors[0]?.message)
  const entities = work.entities as never
  return {
    name: 'cedar-wasm',
    decide(ask) {
      const answer = wasm.statefulIsAuthorized({ ...ask, preparsedPolicySetId: id, entities })
      if (answer.type === 'failure') throw new Error(answer.errors[0]?.message)
      return answer.response.decision === 'allow'
    },
  }
}

/** The same, given only the entities a request can reach, worked out before it is timed: the best a caller could do. */
export function cedarWasmSliced(work: Workload): Engine {
  const whole = cedarWasm(work)
  const byName = new Map(work.entities.map((entity) => [nameOf(entity.uid), entity]))
  const slices = new Map(work.asks.map((ask) => [ask, sliceOf(ask, byName)]))
  const id = `${work.name}-${work.entities.length}`
  return {
    name: 'cedar-wasm, sliced entities',
    decide(ask) {
      const entities = (slices.get(ask) ?? work.entities) as never
      const answer = wasm.statefulIsAuthorized({ ...ask, preparsedPolicySetId: id, entities })
      if (answer.type === 'failure') return whole.decide(ask)
      return answer.response.decision === 'allow'
    },
  }
}

/** Principal, action and resource with everything above them, and what the policies read through `owner`. */
function sliceOf(ask: Ask, byName: ReadonlyMap<string, EntityJson>): EntityJson[] {
  const found = new Map<string, EntityJson>()
  const open = [ask.principal, ask.action, ask.resource]
  for (let uid = open.pop(); uid !== undefined; uid = open.pop()) {
    const entity = byName.get(nameOf(uid))
    if (entity === undefined || found.has(nameOf(uid))) continue
    found.set(nameOf(uid), entity)
    const owner = (entity.attrs.owner as { __entity: Ref } | undefined)?.__entity
    open.push(...entity.parents, ...(owner === undefined ? [] : [owner]))
  }
  return [...found.values()]
}

const casbinModel = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, deep
[role_definition]
g = _, _
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = r.act == p.act && (r.obj == p.obj || p.deep == "yes" && g2(r.obj, p.obj)) && (p.sub == "everyone" || g(r.sub, p.sub))
`

/** casbin, the workload as one line a permission; roles are the principals' hierarchy, resource roles the resources'. */
export async function casbin(work: Workload): Promise<Engine> {
  const enforcer = await newEnforcer(newModelFromString(casbinModel))
  // Its role managers stop at ten levels; the workloads' hierarchies go deeper.
  enforcer.setRoleManager(new DefaultRoleManager(100))
  enforcer.setNamedRoleManager?.('g2', new DefaultRoleManager(100))
  const unique = new Map(work.triples.map((t) => [`${t.subject} ${t.object} ${t.action} ${t.deep}`, t]))
  await enforcer.addPolicies([...unique.values()].map((t) => [t.subject, t.object, t.action, t.deep ? 'yes' : 'no']))
  const edges = work.entities.flatMap(({ uid, parents }) =>
    [...new Set(parents.map(nameOf))].map((parent) => [nameOf(uid), parent]),
  )
  await enforcer.addGroupingPolicies(edges)
  await enforcer.addNamedGroupingPolicies('g2', edges)
  await enforcer.buildRoleLinks()
  return {
    name: 'casbin',
    decide: (ask) => enforcer.enforceSync(nameOf(ask.principal), nameOf(ask.resource), ask.action.id),
  }
}

/**
 * CASL: one ability a principal, as its users build them, with rules only for what that principal and its groups hold.
 * It knows no hierarchies: a resource is given with its ancestors worked out beforehand.
 */
export function casl(work: Workload): Engine {
  const parents = new Map(work.entities.map(({ uid, parents }) => [nameOf(uid), parents.map(nameOf)]))
  const upward = (name: string) => {
    const found = new Set([name])
    for (const at of found) for (const parent of parents.get(at) ?? []) found.add(parent)
    return found
  }
  const bySubject = Map.groupBy(work.triples, (t) => t.subject)
  const abilities = new Map<string, MongoAbility>()
  const abilityOf = (principal: Ref) => {
    const name = nameOf(principal)
    let ability = abilities.get(name)
    if (ability === undefined) {
      const rules: RawRuleOf<MongoAbility>[] = []
      for (const held of [...upward(name), 'everyone'])
        for (const { object, action, deep } of bySubject.get(held) ?? [])
          rules.push({ action, subject: 'Thing', conditions: deep ? { within: object } : { name: object } })
      ability = createMongoAbility(rules)
      abilities.set(name, ability)
    }
    return ability
  }
  const things = new Map<string, ReturnType<typeof subject>>()
  const thingOf = (resource: Ref) => {
    const name = nameOf(resource)
    let thing = things.get(name)
    if (thing === undefined) {
      thing = subject('Thing', { name, within: [...upward(name)] })
      things.set(name, thing)
    }
    return thing
  }
  return { name: 'CASL', decide: (ask) => abilityOf(ask.principal).can(ask.action.id, thingOf(ask.resource) as never) }
}
