import { listGrants, removeGrant } from '#authorization'
import {
  changeMachine,
  type DirectoryDeps,
  keepAdministrators,
  moveApplicationIn,
  moveMachineIn,
  moveUserIn,
  requireApplication,
  requireMachine,
  requireUser,
  stripCredentials,
} from '#directory'
import { record } from '#feed'
import { type Act, type ApplicationId, Fault, isId, type MachineId, type OrganizationId, type UserId } from '#kernel'
import type { Tx, Written } from '#storage'
import '../events.ts'
import '../faults.ts'
import { endApiKeysOf } from '../api-keys/revoke-api-key.ts'
import { deleteArtifactsOf } from '../artifacts/artifact.store.ts'
import { listEndedContainments, putContainment, takeContainment } from './containment.store.ts'

/** What a leaked identity could still use: each can be ended by itself. Trusts go before keys: a machine that has no keys left takes no change. */
export const containmentParts = ['access', 'sessions', 'tokens', 'trusts', 'credentials', 'api-keys', 'grants'] as const
export type ContainmentPart = (typeof containmentParts)[number]

export interface ContainDeps extends DirectoryDeps {
  readonly sessions: {
    endAll(tx: Tx, act: Act, organization: OrganizationId, user: UserId, reason: string): Promise<number>
  }
}

export interface ContainOptions {
  readonly reason: string
  /** Default: all. */
  readonly parts?: readonly ContainmentPart[] | undefined
  /** How long access stays suspended; default: until somebody activates it. */
  readonly forSeconds?: number | undefined
}

export interface Contained {
  readonly principal: { readonly type: string; readonly id: string; readonly name: string }
  readonly steps: readonly { readonly part: ContainmentPart; readonly touched: number; readonly ms: number }[]
  readonly untilMs?: number
}

type PrincipalId = UserId | MachineId | ApplicationId
const typeOf = (id: string) => (isId('user', id) ? 'User' : isId('machine', id) ? 'Machine' : 'Application')

/**
 * Ends in one transaction everything that a leaked identity could still use. What is signed already stops counting with the event,
 * on every node within a second.
 * @throws {Fault} `directory.…_unknown`, `authorization.denied`, `authorization.above_you`, `authorization.last_owner`
 */
export async function contain(
  deps: ContainDeps,
  act: Act,
  id: PrincipalId,
  options: ContainOptions,
): Promise<Written<Contained>> {
  await requirePrincipal(deps.storage.db, id)
  const principal = { type: typeOf(id), id }
  deps.gate.require(act, 'contain', principal)
  return deps.storage.write(async (tx) => {
    const before = await requirePrincipal(tx, id)
    const wanted = new Set(options.parts ?? containmentParts)
    const steps: { part: ContainmentPart; touched: number; ms: number }[] = []
    for (const part of containmentParts) {
      if (!wanted.has(part)) continue
      const startedMs = performance.now()
      const touched = await ends[part](tx, deps, act, id, before, options)
      steps.push({ part, touched, ms: Math.round((performance.now() - startedMs) * 100) / 100 })
    }
    const nowMs = deps.clock.nowMs()
    const untilMs =
      options.forSeconds === undefined || !wanted.has('access') ? undefined : nowMs + options.forSeconds * 1_000
    if (wanted.has('access')) await putContainment(tx, id, untilMs)
    await record(tx, act, {
      type: 'tokens.principal_contained',
      atMs: nowMs,
      organizationId: before.organizationId,
      object: { ...principal, name: before.name },
      touches: [],
      data: {
        reason: options.reason,
        touched: Object.fromEntries(steps.map(({ part, touched }) => [part, touched])),
        // Whoever is barred is so already; saying less of them here would let them in again.
        tokens: wanted.has('tokens') && before.state === 'active' && !wanted.has('access'),
        ...(untilMs !== undefined && { until: new Date(untilMs).toISOString() }),
      },
    })
    return { principal: { ...principal, name: before.name }, steps, ...(untilMs !== undefined && { untilMs }) }
  })
}

interface Before {
  readonly organizationId: OrganizationId
  readonly name: string
  readonly state: string
}

async function requirePrincipal(db: Tx | DirectoryDeps['storage']['db'], id: PrincipalId): Promise<Before> {
  if (isId('user', id)) {
    const { organizationId, username: name, state } = await requireUser(db, id)
    return { organizationId, name, state }
  }
  return isId('machine', id) ? requireMachine(db, id) : requireApplication(db, id as ApplicationId)
}

type End = (
  tx: Tx,
  deps: ContainDeps,
  act: Act,
  id: PrincipalId,
  before: Before,
  options: ContainOptions,
) => Promise<number>

const ends: Readonly<Record<ContainmentPart, End>> = {
  access: async (tx, deps, act, id, before, { reason }) => {
    if (before.state !== 'active') return 0
    await moveTo(tx, deps, act, id, 'suspend', reason)
    return 1
  },
  sessions: (tx, deps, act, id, { organizationId }, { reason }) =>
    isId('user', id) ? deps.sessions.endAll(tx, act, organizationId, id, reason) : Promise.resolve(0),
  tokens: (tx, _deps, _act, id) => deleteArtifactsOf(tx, isId('user', id) ? { subject: id } : { clientId: id }),
  credentials: (tx, deps, act, id) =>
    isId('user', id) ? Promise.resolve(0) : stripCredentials(tx, deps, act, id as MachineId | ApplicationId),
  'api-keys': (tx, deps, act, id) =>
    isId('app', id) ? Promise.resolve(0) : endApiKeysOf(tx, deps.clock.nowMs(), act, id, 'contained'),
  trusts: async (tx, deps, act, id) => {
    if (!isId('machine', id)) return 0
    const { trusts } = await requireMachine(tx, id)
    if (trusts.length === 0) return 0
    await changeMachine(tx, deps, act, id, { trusts: [] })
    return trusts.length
  },
  grants: async (tx, deps, act, id, _before, { reason }) => {
    let count = 0
    for (;;) {
      const some = await listGrants(tx, { principal: { type: typeOf(id), id } }, '', 200)
      for (const grant of some) await removeGrant(tx, { clock: deps.clock, keepAdministrators }, act, grant, reason)
      count += some.length
      if (some.length < 200) return count
    }
  },
}

async function moveTo(
  tx: Tx,
  deps: DirectoryDeps,
  act: Act,
  id: PrincipalId,
  transition: 'suspend' | 'activate',
  reason: string,
): Promise<void> {
  if (isId('user', id)) await moveUserIn(tx, deps, act, id, transition, { reason })
  else if (isId('machine', id)) await moveMachineIn(tx, deps, act, id, transition, { reason })
  else await moveApplicationIn(tx, deps, act, id as ApplicationId, transition, { reason })
}

/** Gives access back where a containment was for a time only and that is over. What it ended stays ended. */
export async function endContainments(deps: DirectoryDeps): Promise<void> {
  const nowMs = deps.clock.nowMs()
  const act: Act = { actor: { type: 'system', name: 'containment' }, requestId: `containment-${nowMs}` }
  for (const id of await listEndedContainments(deps.storage.db, nowMs)) {
    await deps.storage.transact(async (tx) => {
      if (!(await takeContainment(tx, id, nowMs))) return
      try {
        const { state } = await requirePrincipal(tx, id as PrincipalId)
        if (state === 'suspended') await moveTo(tx, deps, act, id as PrincipalId, 'activate', 'the containment is over')
      } catch (error) {
        // Deleted meanwhile, or it may not be active (a machine whose owner has left): it stays as it is.
        if (!(error instanceof Fault) || error.status >= 500) throw error
      }
    })
  }
}
