import { defineEvents } from '#feed'
import type { TokenProblem } from './verify/verify-access-token.ts'

declare module '#feed' {
  interface EventCatalogue {
    'tokens.token_issued': {
      grantType: string
      clientId: string
      subject: string
      scopes: readonly string[]
      audience?: string
      /** Hash of the token's id. */
      token: string
      format: 'jwt' | 'opaque'
      expiresAt: string
      grantId?: string
      /** Hash of the refresh token that went with it. */
      refreshToken?: string
    }
    'tokens.token_exchanged': {
      grantType: string
      clientId: string
      subject: string
      /** Who acts for the subject, the present one first. */
      actors: readonly string[]
      scopes: readonly string[]
      audience?: string
      token: string
      /** Hashes of the ids of the tokens that it came from. */
      sources: readonly string[]
      expiresAt: string
      /** The outside workload, by issuer and subject, and the trust that let it in. */
      workload?: { trustId: string; issuer: string; subject: string }
    }
    'tokens.workload_refused': { issuer: string; subject: string; reason: string }
    'tokens.principal_contained': {
      reason: string
      /** How many of each part were ended. */
      touched: Record<string, number>
      /** Whether tokens that are out stop counting by this event; else they do by the principal's state. */
      tokens: boolean
      until?: string
    }
    'tokens.api_key_issued': {
      owner: string
      applications: readonly string[]
      scopes: readonly string[]
      expiresAt: string
    }
    'tokens.api_key_revoked': { owner: string; reason: ApiKeyRevokedReason; issuedAt: string }
    'tokens.api_key_ending': { owner: string; days: number; expiresAt: string }
    'tokens.exchange_refused': {
      clientId: string
      subject?: string
      actor?: string
      audience?: string
      reason: string
    }
    /** `clientId` of one that is known; `claimed` is what the request said, from anybody. */
    'tokens.request_refused': {
      endpoint: string
      error: string
      reason: string
      clientId?: string
      claimed?: string
    }
    /** `token`, `subject` and `clientId` of one that we have signed; `unrecorded`: refusals since the last that were left out. */
    'tokens.token_refused': {
      at: 'userinfo' | 'api' | 'gateway'
      reason: TokenProblem
      token?: string
      subject?: string
      clientId?: string
      unrecorded?: number
    }
    'tokens.token_revoked': { clientId: string; subject: string; token: string; expiresAtMs: number }
    'tokens.grant_revoked': { grantId: string; clientId?: string; subject?: string; reason: GrantRevokedReason }
    'tokens.revoked': { by: string; reason: string; ended: number }
    'tokens.client_notified': { clientId: string; about: string; attempts: number }
    'tokens.client_not_notified': { clientId: string; about: string; attempts: number }
    'tokens.sign_in_requested': { clientId: string; subject: string; scopes: readonly string[]; message?: string }
    'tokens.sign_in_answered': { clientId: string; decision: 'allow' | 'deny' }
    'tokens.registration_token_issued': { uses: number; expiresAtMs: number }
    'tokens.consent_given': { clientId: string; scopes: readonly string[] }
    'tokens.consent_withdrawn': { clientId: string; ended: number }
    'tokens.consent_refused': { clientId: string; scopes: readonly string[] }
  }
}

/** `reuse_detected`: a code or refresh token that was used up came again. */
export type GrantRevokedReason =
  | 'reuse_detected'
  | 'revoked_by_client'
  | 'revoked_by_administrator'
  | 'signed_out'
  | 'withdrawn'

/** `owner_left`: whoever it spoke for was deactivated or deleted; `restored`: the database came from a backup that cannot know whether it still counts. */
export type ApiKeyRevokedReason = 'revoked' | 'owner_left' | 'contained' | 'restored'

defineEvents({
  'tokens.token_issued': 'An access token was issued',
  'tokens.token_exchanged': 'A token was issued in exchange for another, or for an assertion of an outside issuer',
  'tokens.workload_refused': 'An outside workload proved who it is, and no trust lets it in',
  'tokens.principal_contained': 'Everything that a leaked identity could still use was ended',
  'tokens.api_key_issued': 'An API key was made',
  'tokens.api_key_revoked': 'An API key was ended before its time',
  'tokens.api_key_ending': 'An API key ends soon: make the next one',
  'tokens.exchange_refused': 'An exchange of tokens was refused',
  'tokens.request_refused':
    'A request of the protocol was refused: a replay, a wrong proof, an address that is not registered',
  'tokens.token_refused':
    'An access token or API key that does not count was shown: forged, revoked, for somebody else, without its proof',
  'tokens.token_revoked': 'An access token was revoked before its end',
  'tokens.grant_revoked': 'Everything issued from one sign-in to an application was revoked',
  'tokens.revoked': 'All tokens of an application, machine, user or organization were revoked, with what renews them',
  'tokens.client_notified': 'An application was told of the end of a session, or that a person has answered',
  'tokens.client_not_notified': 'An application could not be told, and is not tried any more',
  'tokens.sign_in_requested': 'An application asked a person who is elsewhere to sign in (CIBA)',
  'tokens.sign_in_answered': 'A person answered an application that asked while they were elsewhere (CIBA)',
  'tokens.registration_token_issued': 'A token was issued by which programs register themselves as applications',
  'tokens.consent_given': 'A person let an application act for them',
  'tokens.consent_withdrawn': 'A person took back what they had allowed an application; what it held ended',
  'tokens.consent_refused': 'A person refused an application what it asked for',
})
