import { createHash, createHmac } from 'node:crypto'
import type { OrganizationId, UserId } from '#kernel'
import type { Tx } from '#storage'
import { type Acr, parseAcr } from '../sessions/session.ts'

/** How long somebody may be at a provider. */
export const flowMs = 10 * 60_000

/**
 * Somebody on the way to a provider and back, in one browser. INVARIANT: nothing here lets who reads it go the way: state,
 * nonce and PKCE verifier come from the browser's own cookie, of which the table has the hash.
 */
export interface FederationFlow {
  readonly stateHash: string
  /** Of the browser's pre-session cookie. */
  readonly keyHash: string
  readonly organizationId: OrganizationId
  readonly providerId: string
  /** Of a link: for whom, and in which session it was wished. */
  readonly link: { readonly userId: UserId; readonly sessionId: string } | undefined
  readonly returnTo: string
  readonly acr: Acr | undefined
  /** Whether the provider must have asked the person now: what they do next asks for a fresh proof. */
  readonly fresh: boolean
  readonly expiresAtMs: number
}

interface FederationFlowTable {
  state_hash: string
  key_hash: string
  organization_id: string
  provider_id: string
  user_id: string | null
  session_id: string | null
  return_to: string
  acr: string | null
  fresh: number
  expires_at: number
}

declare module '#storage' {
  interface Tables {
    federation_flows: FederationFlowTable
  }
}

export const hashState = (state: string): string => createHash('sha256').update(`state ${state}`).digest('hex')

/** What a flow's secrets are: each from the browser's cookie and the state, so that who has one of the two has none. */
export const flowSecrets = (browserToken: string, state: string) => {
  const of = (what: string) => createHmac('sha256', browserToken).update(`${what} ${state}`).digest('base64url')
  return { nonce: of('nonce'), verifier: of('verifier') }
}

export async function insertFlow(tx: Tx, it: FederationFlow): Promise<void> {
  await tx
    .insertInto('federation_flows')
    .values({
      state_hash: it.stateHash,
      key_hash: it.keyHash,
      organization_id: it.organizationId,
      provider_id: it.providerId,
      user_id: it.link?.userId ?? null,
      session_id: it.link?.sessionId ?? null,
      return_to: it.returnTo,
      acr: it.acr ?? null,
      fresh: it.fresh ? 1 : 0,
      expires_at: it.expiresAtMs,
    })
    .execute()
}

/** Uses a flow up; undefined when it was used, is over, is another provider's or began in another browser: that one's stays. */
export async function takeFlow(
  tx: Tx,
  it: Pick<FederationFlow, 'stateHash' | 'keyHash' | 'providerId'>,
  nowMs: number,
): Promise<FederationFlow | undefined> {
  const [row] = await tx
    .deleteFrom('federation_flows')
    .where('state_hash', '=', it.stateHash)
    .where('key_hash', '=', it.keyHash)
    .where('provider_id', '=', it.providerId)
    .where('expires_at', '>', nowMs)
    .returningAll()
    .execute()
  if (row === undefined) return undefined
  const link = row.user_id === null ? undefined : { userId: row.user_id as UserId, sessionId: row.session_id as string }
  return {
    stateHash: row.state_hash,
    keyHash: row.key_hash,
    organizationId: row.organization_id as OrganizationId,
    providerId: row.provider_id,
    link,
    returnTo: row.return_to,
    acr: parseAcr(row.acr),
    fresh: row.fresh === 1,
    expiresAtMs: row.expires_at,
  }
}

export async function deleteExpiredFlows(tx: Tx, nowMs: number): Promise<void> {
  await tx.deleteFrom('federation_flows').where('expires_at', '<=', nowMs).execute()
}
