import type { FastifyRequest } from 'fastify'
import { type Act, type ApplicationId, isId, type OrganizationId } from '#kernel'
import { readCredential } from '#web'
import type { Snapshot } from '../engine/snapshot.ts'
import type { TokenClaims, TokenVerifier } from '../forward-auth/ports.ts'

const most = 10_000
const tokenMost = 8_192

/**
 * Recognises an application by the token it gets by client credentials when it asks for nothing in particular: its audience is
 * the application itself. Only decisions take it; elsewhere a token for Gatehouse's own API is needed.
 */
export class OwnTokens {
  readonly #snapshot: Snapshot
  readonly #verifier: TokenVerifier
  readonly #url: string
  /** By the token: whose it says it is, unverified, so that it is read once. */
  readonly #claimed = new Map<string, ApplicationId | 'none'>()

  /** @param url public base address, which proofs of possession name */
  constructor(snapshot: Snapshot, verifier: TokenVerifier, url: string) {
    this.#snapshot = snapshot
    this.#verifier = verifier
    this.#url = url
  }

  /** Undefined when the token is not of this kind, or does not count. */
  actorOf(request: FastifyRequest): Act['actor'] | undefined {
    const credential = readCredential(request.headers.authorization)
    if (credential === undefined || credential.token.length > tokenMost) return undefined
    const id = this.#claimedAudience(credential.token)
    if (id === undefined) return undefined
    const presented = { request, method: request.method, url: `${this.#url}${request.url}` }
    const claims = this.#verifier.verify(presented, id)
    if (claims === undefined || claims === 'none' || claims.sub !== id || claims.act !== undefined) return undefined
    const application = this.#snapshot.application(id)
    const name = this.#snapshot.directory.find({ type: 'Application', id })?.attrs.get('name')
    if (application === undefined || typeof name !== 'string') return undefined
    return { type: 'application', id, organizationId: application.organizationId as OrganizationId, name }
  }

  /** Whom a token for this application speaks for, and through whom; its bearer is the caller's to check. */
  read(token: string, application: ApplicationId): TokenClaims | undefined {
    return this.#verifier.read(token, application)
  }

  #claimedAudience(token: string): ApplicationId | undefined {
    const known = this.#claimed.get(token)
    if (known !== undefined) return known === 'none' ? undefined : known
    const aud = readAudience(token)
    const id = isId('app', aud) ? aud : undefined
    if (this.#claimed.size >= most) this.#claimed.delete(this.#claimed.keys().next().value as string)
    this.#claimed.set(token, id ?? 'none')
    return id
  }
}

function readAudience(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))?.aud
  } catch {
    return undefined
  }
}
