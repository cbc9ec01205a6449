import { record } from '#feed'
import type { Act, Clock } from '#kernel'
import type { Tx } from '#storage'
import '../events.ts'
import { deleteArtifact, deleteArtifactsOf } from '../artifacts/artifact.store.ts'
import type { Artifact } from '../artifacts/artifact.ts'
import type { GrantRevokedReason } from '../events.ts'
import { putRevocation, type Revocation } from '../revocation/revocation.store.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'
import { tokenLifeMostMs } from './lifetimes.ts'
import type { Unit } from './unit.ts'

interface Deps {
  readonly clock: Clock
  readonly revocations: RevocationSet
}

type OfGrant = Pick<Artifact, 'grantId' | 'clientId' | 'subject'>

/** Ends a grant and all that was issued from it, inside a transaction. */
export async function endGrant(
  tx: Tx,
  atMs: number,
  act: Act,
  { grantId = '', clientId, subject }: OfGrant,
  reason: GrantRevokedReason,
): Promise<{ readonly revocation: Revocation; readonly ended: number }> {
  const principals = [clientId, subject].filter((id) => id !== undefined)
  const untilMs = atMs + tokenLifeMostMs
  const revocation: Revocation = { kind: 'grant', id: grantId, beforeMs: undefined, untilMs, principals }
  const ended = await deleteArtifactsOf(tx, { grantId })
  await putRevocation(tx, revocation)
  await record(tx, act, {
    type: 'tokens.grant_revoked',
    atMs,
    organizationId: undefined,
    object: { type: 'Gatehouse::Grant', id: grantId },
    touches: [],
    data: { grantId, reason, ...(clientId !== undefined && { clientId }), ...(subject !== undefined && { subject }) },
  })
  return { revocation, ended }
}

/** Ends one access token before its time, inside a transaction. */
export async function endToken(tx: Tx, atMs: number, act: Act, artifact: Artifact): Promise<Revocation> {
  const { id, clientId = '', subject = clientId, expiresAtMs } = artifact
  const untilMs = expiresAtMs + tokenLifeMostMs
  const principals = [clientId, subject].filter((one) => one !== '')
  const revocation: Revocation = { kind: 'token', id, beforeMs: undefined, untilMs, principals }
  await deleteArtifact(tx, id)
  await putRevocation(tx, revocation)
  await record(tx, act, {
    type: 'tokens.token_revoked',
    atMs,
    organizationId: undefined,
    object: { type: 'Gatehouse::Token', id },
    touches: [],
    data: { clientId, subject, token: id, expiresAtMs },
  })
  return revocation
}

/** The same for the request at hand, once; this node knows at the commit, others by the feed. */
export function revokeGrantNow(deps: Deps, unit: Unit, of: OfGrant, reason: GrantRevokedReason): void {
  if (of.grantId === undefined) return
  if (reason === 'reuse_detected') unit.reuseDetected = true
  revokeNow(
    deps,
    unit,
    `grant ${of.grantId}`,
    async (tx, atMs) => (await endGrant(tx, atMs, unit.act, of, reason)).revocation,
  )
}

export function revokeTokenNow(deps: Deps, unit: Unit, artifact: Artifact): void {
  revokeNow(deps, unit, `token ${artifact.id}`, (tx, atMs) => endToken(tx, atMs, unit.act, artifact))
}

function revokeNow(
  { clock, revocations }: Deps,
  unit: Unit,
  key: string,
  end: (tx: Tx, atMs: number) => Promise<Revocation>,
): void {
  let made: Revocation | undefined
  const atMs = clock.nowMs()
  const isNew = unit.revoke(key, async (tx) => {
    made = await end(tx, atMs)
  })
  if (isNew) unit.afterCommit(() => made && revocations.add(made))
}
