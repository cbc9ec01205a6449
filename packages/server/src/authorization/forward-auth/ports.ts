import type { FastifyRequest } from 'fastify'
import type { ApplicationId, OrganizationId, UserId } from '#kernel'
import type { Reader } from '#storage'
import type { Acting } from '../entities/actors.ts'

/** What a request through a gateway asks for; segments of `path` are literal, `:name`, or `*` as the last for the rest. */
export interface ProtectedRoute {
  readonly method: string
  readonly path: string
  readonly action: string
  /** `Document::"{id}"`: a Cedar entity whose id may hold parameters of the path. */
  readonly resource: string
}

/** An application as gateways meet it. */
export interface ProtectedApplication {
  readonly id: ApplicationId
  readonly organizationId: OrganizationId
  readonly name: string
  /** `https://docs.example.com`; each belongs to one application. */
  readonly origins: readonly string[]
  readonly routes: readonly ProtectedRoute[]
}

/**
 * Where protected applications come from: implemented by the room that owns applications. All are loaded once, then one again
 * whenever an event touches `{ type: 'Application', id }`. Only active ones are given.
 */
export interface ApplicationDirectory {
  loadAll(db: Reader): AsyncIterable<ProtectedApplication>
  load(db: Reader, id: ApplicationId): Promise<ProtectedApplication | undefined>
}

/** A request through a gateway, as the client sent it. */
export interface PresentedRequest {
  readonly request: FastifyRequest
  readonly method: string
  readonly url: string
}

/** What an access token says of whom it speaks for, and through whom. */
export interface TokenClaims {
  readonly sub: string
  readonly client_id?: string
  readonly sid?: string
  readonly acr?: string
  readonly amr?: readonly string[]
  readonly act?: Acting
  /** When it ends, in seconds; absent where it does not. */
  readonly exp?: number
  readonly scope?: string
  /** The only actions that the credential is for, where it is limited to some. */
  readonly actions?: readonly string[]
}

/** Checks access tokens, without I/O. */
export interface TokenVerifier {
  /**
   * Whom the access token in `Authorization` speaks for; undefined for one that does not count now for this audience or from this
   * sender (a bound token without its proof), `none` when there is no access token. `sub` is a user's, machine's or application's id.
   */
  verify(presented: PresentedRequest, audience: ApplicationId): TokenClaims | 'none' | undefined
  /** The same of a token by itself, whose bearer somebody else has checked; the audience an application's id, or Gatehouse's own address. */
  read(token: string, audience: string): TokenClaims | undefined
}

/** A person's sign-in that is in force. */
export interface GatewaySession {
  readonly id: string
  readonly userId: UserId
  readonly organizationId?: OrganizationId
  readonly expiresAtMs: number
  readonly amr?: readonly string[]
  readonly acr?: string
}

/** Finds sign-in sessions that are in force, of active people only. */
export interface SessionFinder {
  /** By the cookie that the request carries. */
  ofRequest(request: FastifyRequest): Promise<GatewaySession | undefined>
  find(id: string): Promise<GatewaySession | undefined>
  /** What sign-in policies say of opening an application with the session of a request. */
  mayOpen?(request: FastifyRequest, applicationId: string): Promise<{ readonly kind: 'permit' | 'require' | 'deny' }>
  /** What they say of going on with a session, from where it is now; undefined where there is nothing to ask. */
  mayGoOn?(it: {
    readonly requestId: string
    readonly organizationId: OrganizationId
    readonly userId: UserId
    readonly sessionId: string
    readonly applicationId: string
    readonly address: string | undefined
  }): Promise<{ readonly kind: 'permit' | 'require' | 'deny' }> | undefined
}

/** A page as it is sent. */
export interface GatewayPage {
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

/** Signed in, but not allowed. */
export interface Denied {
  /** Whose door it is: the application's organization. */
  readonly organizationId: string
  readonly application: string
  readonly person: string | undefined
  readonly action: string | undefined
  readonly resource: string | undefined
  readonly reason: string
  /** What the policy itself says to people. */
  readonly says: string | undefined
  readonly requestId: string
  /** Where one signs in as somebody else. */
  readonly signOut: string
}

/**
 * Pages that gateways show on an application's own host, where our style sheets cannot be reached: whole in themselves, in the language of
 * whoever sent the request, in the colours of the organization.
 */
export interface GatewayPages {
  denied(request: FastifyRequest, it: Denied): Promise<GatewayPage>
  /** For a gateway that cannot redirect, or a code that came too late. */
  signIn(
    request: FastifyRequest,
    it: { readonly organizationId: string | undefined; readonly address: string },
  ): Promise<GatewayPage>
  /** Signed in, and not as surely as the application or the sign-in policies want, or not from where they let anybody. */
  tooWeak(
    request: FastifyRequest,
    it: {
      readonly organizationId: string
      readonly application: string
      readonly account: string
      /** Where to prove more, where that may help. */
      readonly again?: string | undefined
    },
  ): Promise<GatewayPage>
  /** Not a place to start from, or a question that cannot be decided. */
  broken(request: FastifyRequest, it: { readonly reason: string | undefined }): Promise<GatewayPage>
}

/** Signs the identity that is handed on. */
export interface IdentitySigner {
  activeKey(algorithm: 'ES256'): { readonly kid: string }
  sign(kid: string, data: Uint8Array): Uint8Array
}

/** Seals what browsers carry for us. */
export interface CookieSealer {
  seal(purpose: string, plain: Uint8Array, context: string): Uint8Array
  unseal(purpose: string, sealed: Uint8Array, context: string): Promise<Uint8Array>
}
