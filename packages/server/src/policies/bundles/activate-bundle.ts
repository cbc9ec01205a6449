import { type Grant, listGrants } from '#authorization'
import type { Application } from '#directory'
import { record } from '#feed'
import { type Act, type Clock, Fault } from '#kernel'
import type { Reader, Tx } from '#storage'
import '../events.ts'
import '../faults.ts'
import { type Activation, findActivation, forgetOldActivations, insertActivation } from './bundle.store.ts'

/** A bundle that is kept already, about to be put in force. */
export interface Candidate {
  readonly hash: string
  readonly templates: readonly string[]
  readonly kind: Activation['kind']
  readonly comment: string | undefined
  /** The number of the activation that the caller has looked at; 0 for none. */
  readonly expected: number
}

/**
 * Puts a kept bundle in force, inside a transaction whose authorization is settled. The one already in force stays, without an
 * event.
 * @throws {Fault} `policies.activated_meanwhile`, `policies.grants_dangle`
 */
export async function activateBundle(
  tx: Tx,
  deps: { readonly clock: Clock },
  act: Act,
  application: Pick<Application, 'id' | 'organizationId' | 'name'>,
  candidate: Candidate,
): Promise<Activation> {
  const before = await findActivation(tx, application)
  if ((before?.number ?? 0) !== candidate.expected) throw new Fault('policies.activated_meanwhile')
  if (before?.hash === candidate.hash) return before
  const nowMs = deps.clock.nowMs()
  await refuseDangling(tx, application, candidate.templates, nowMs)
  const { hash, kind, comment } = candidate
  const activation = { number: candidate.expected + 1, hash, kind, comment, activatedAtMs: nowMs }
  if (!(await insertActivation(tx, application, activation, act.actor))) throw new Fault('policies.activated_meanwhile')
  await forgetOldActivations(tx, application, activation.number)
  await record(tx, act, {
    type: 'policies.bundle_activated',
    atMs: nowMs,
    organizationId: application.organizationId,
    object: { type: 'Bundle', id: application.id, name: application.name },
    revision: activation.number,
    data: {
      hash,
      ...(before !== undefined && { before: before.hash }),
      kind,
      ...(comment !== undefined && { comment }),
    },
  })
  const { type, name, ...actor } = act.actor
  return { ...activation, by: { type, name, ...('id' in actor && { id: actor.id }) } }
}

/** Grants of an application that have not ended and name none of these templates, at most 50. */
export async function danglingGrants(
  db: Reader,
  application: Pick<Application, 'id'>,
  templates: readonly string[],
  nowMs: number,
): Promise<Grant[]> {
  const kept = new Set(templates)
  const found: Grant[] = []
  for (let after = ''; ; ) {
    const page = await listGrants(db, { applicationId: application.id }, after, 1_000)
    for (const grant of page) {
      const over = grant.untilMs !== undefined && grant.untilMs <= nowMs
      if (!over && !kept.has(grant.role) && found.push(grant) === 50) return found
    }
    const last = page.at(-1)
    if (last === undefined) return found
    after = last.id
  }
}

// INVARIANT: no grant in force names a template that its bundle lacks: a `forbid` that vanished unseen would open a door.
async function refuseDangling(
  tx: Tx,
  application: Pick<Application, 'id'>,
  templates: readonly string[],
  nowMs: number,
): Promise<void> {
  const dangling = await danglingGrants(tx, application, templates, nowMs)
  if (dangling.length === 0) return
  const roles = [...new Set(dangling.map(({ role }) => role))].sort()
  throw new Fault('policies.grants_dangle', {
    detail: `Grants in force name roles that this bundle lacks: ${roles.join(', ')}. Revoke them first, or keep the templates`,
    extra: { grants: dangling.map(({ id, role, principal, resource }) => ({ id, role, principal, resource })) },
  })
}
