import { type Artifact, artifactId } from '../artifacts/artifact.ts'
import type { RevocationSet } from '../revocation/revocation-set.ts'

/**
 * Access tokens that are JWTs stand under keys of their own: their `jti` is no secret and opens nothing by itself. The second of
 * issue goes first, so that what is written together lies together: random keys would touch a page of the index for each.
 */
export const jwtArtifactId = (jti: string, issuedAtSeconds: number): string =>
  `${issuedAtSeconds.toString(36).padStart(7, '0')}.${artifactId('jwt', jti)}`

/** Whether a revocation that is in force covers it, though it is stored. */
export const isRevoked = (revocations: RevocationSet, artifact: Artifact): boolean =>
  revocations.covers({
    token: artifact.id,
    grantId: artifact.grantId,
    sessionId: artifact.sessionId,
    principals: [artifact.subject, artifact.clientId].filter((id) => id !== undefined),
    issuedAtMs: artifact.issuedAtMs,
  })
