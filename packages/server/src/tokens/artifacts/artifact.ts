import { hash } from 'node:crypto'

import type { StatusPlace } from '../status-lists/status-entry.store.ts'

/** What `oidc-provider` keeps, by its own model names, and what one is bound to. */
export interface Artifact {
  /** Hash of kind and identifier: what a caller holds (a code, an opaque token) is never stored. */
  readonly id: string
  readonly kind: string
  readonly clientId: string | undefined
  /** The user it speaks for. */
  readonly subject: string | undefined
  readonly grantId: string | undefined
  /** Public id of the sign-in session it came from. */
  readonly sessionId: string | undefined
  /** The model without its identifier. */
  readonly payload: Record<string, unknown>
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  /** When it was used up; single use is a conditional update of this. */
  readonly consumedAtMs: number | undefined
  /** The place of a new token in a status list, kept beside it. */
  readonly status?: StatusPlace
}

/** The key under which something that its holder knows as `identifier` is stored. */
export function artifactId(kind: string, identifier: string): string {
  return hash('sha256', `${kind}:${identifier}`, 'base64url')
}
