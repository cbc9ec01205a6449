import { record } from '#feed'
import type { Clock } from '#kernel'
import '../events.ts'
import { deleteArtifactsOf } from '../artifacts/artifact.store.ts'
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

/** Ends a grant and all that was issued from it, once a request; this node knows at the commit, others by the feed. */
export function revokeGrantNow(
  { clock, revocations }: Deps,
  unit: Unit,
  of: Pick<Artifact, 'grantId' | 'clientId' | 'subject'>,
  reason: GrantRevokedReason,
): void {
  const { grantId, clientId, subject } = of
  if (grantId === undefined) return
  if (reason === 'reuse_detected') unit.reuseDetected = true
  const atMs = clock.nowMs()
  const revocation: Revocation = { kind: 'grant', id: grantId, beforeMs: undefined, untilMs: atMs + tokenLifeMostMs }
  const isNew = unit.revoke(`grant ${grantId}`, async (tx) => {
    await deleteArtifactsOf(tx, { grantId })
    await putRevocation(tx, revocation)
    await record(tx, unit.act, {
      type: 'tokens.grant_revoked',
      atMs,
      organizationId: undefined,
      object: { type: 'Gatehouse::Grant', id: grantId },
      touches: [],
      data: { grantId, reason, ...(clientId !== undefined && { clientId }), ...(subject !== undefined && { subject }) },
    })
  })
  if (isNew) unit.afterCommit(() => revocations.add(revocation))
}

/** Ends one access token before its time. */
export function revokeTokenNow({ clock, revocations }: Deps, unit: Unit, artifact: Artifact): void {
  const { id, clientId = '', subject = clientId, expiresAtMs } = artifact
  const revocation: Revocation = { kind: 'token', id, beforeMs: undefined, untilMs: expiresAtMs + tokenLifeMostMs }
  const isNew = unit.revoke(`token ${id}`, async (tx) => {
    await putRevocation(tx, revocation)
    await record(tx, unit.act, {
      type: 'tokens.token_revoked',
      atMs: clock.nowMs(),
      organizationId: undefined,
      object: { type: 'Gatehouse::Token', id },
      touches: [],
      data: { clientId, subject, token: id, expiresAtMs },
    })
  })
  if (isNew) unit.afterCommit(() => revocations.add(revocation))
}
