import type { ApplicationId, MachineId, OrganizationId, UserId } from './id.ts'

/**
 * Who does something. `system` is Gatehouse itself (a timer, a start); `bootstrap` is the local credential of whoever can
 * read the data directory.
 */
export type Actor =
  | { readonly type: 'user'; readonly id: UserId; readonly organizationId: OrganizationId; readonly name: string }
  | { readonly type: 'machine'; readonly id: MachineId; readonly organizationId: OrganizationId; readonly name: string }
  | {
      readonly type: 'application'
      readonly id: ApplicationId
      readonly organizationId: OrganizationId
      readonly name: string
    }
  | { readonly type: 'bootstrap'; readonly name: string }
  | { readonly type: 'system'; readonly name: string }
  | { readonly type: 'anonymous'; readonly name: string }

/** One request's or job's identity: handed to every use case, written into every event. Holds nothing else. */
export interface Act {
  readonly actor: Actor
  readonly requestId: string
  /** The peer's address, as far as trusted proxies vouch for it. */
  readonly address?: string
  /** The session that carried the request, by its public id. */
  readonly sessionId?: string
  /** Of the sender's `traceparent` (W3C Trace Context): 32 hex digits. */
  readonly traceId?: string
  /** What the sender's `User-Agent` says, at most 256 characters. */
  readonly device?: string
  /** The application that carries the actor's own token: it acts for the actor. */
  readonly through?: { readonly type: string; readonly id: string; readonly name?: string }
  /** The only actions of Gatehouse that the sender's credential is for; undefined: whatever the actor may. */
  readonly within?: readonly string[]
  /** Hash of the policies that decide about Gatehouse's own actions. */
  readonly bundle?: string
  /** Set when the sender gave an Idempotency-Key: the first change it records claims the key in its own transaction. */
  readonly once?: OnceKey
}

/** A sender's promise that all requests with this key are one. */
export interface OnceKey {
  /** Whose key it is: keys of two actors never meet. */
  readonly scope: string
  readonly key: string
  /** Digest of method, address and body. */
  readonly fingerprint: string
  /** Random; tells this attempt from another with the same key. */
  readonly attempt: string
}
