import type { FastifyRequest } from 'fastify'
import type { AuthMethod, GrantType, OAuthSettings, TokenLimits } from '#directory'
import type { Act, Actor, ApplicationId, MachineId, OrganizationId, UserId } from '#kernel'

/** How a client proves itself at the token endpoint (RFC 7591 §2). */
export type ClientAuthMethod = AuthMethod

/** An active application or machine in the words of OAuth. */
export interface RegisteredClient {
  /** The `client_id`. */
  readonly id: ApplicationId | MachineId
  readonly type: 'application' | 'machine'
  readonly organizationId: OrganizationId
  /** Whether people of every organization sign in with it: then the page asks which. */
  readonly anyOrganization?: boolean
  readonly name: string
  readonly authMethod: ClientAuthMethod
  /** Public keys for `private_key_jwt`. */
  readonly jwks?: { readonly keys: readonly Record<string, unknown>[] }
  /** Where it is reached itself. */
  readonly origins?: readonly string[]
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  readonly grantTypes: readonly GrantType[]
  /** Scopes that tokens for this application may carry, beside the standard ones. */
  readonly scopes: readonly string[]
  /** Whether it may ask for any scope of the application that it wants a token for. */
  readonly anyScope?: boolean
  /** Whether people are asked before it may act for them. */
  readonly consent: boolean
  /** Which protocols it speaks, and how strictly. */
  readonly oauth: OAuthSettings
  /** RFC 8252: an app on a device, whose loopback port is free. */
  readonly native: boolean
  /** The person who answers for a machine. */
  readonly owner?: UserId
  /** Seconds; default by kind. */
  readonly accessTokenSeconds?: number
  readonly refreshTokenSeconds?: number
  readonly idTokenSeconds?: number
  /** What its organization allows at most. */
  readonly limits: TokenLimits
  /** Whether this is one of its secrets that are in force; compares hashes. */
  verifySecret(secret: string): boolean
  /** When a key of `jwks` ends and the client must be read again. */
  readonly readAgainAtMs?: number
}

/** The clients, as the directory knows them. Only active ones in active organizations are found. */
export interface ClientSource {
  find(clientId: string): Promise<RegisteredClient | undefined>
  /** The active application that has registered this origin, as in `https://docs.example.com`. */
  findByOrigin(origin: string): Promise<RegisteredClient | undefined>
}

export interface Person {
  readonly id: UserId
  readonly organizationId: OrganizationId
  readonly username: string
  readonly name?: string
  readonly email?: string
  readonly emailVerified?: boolean
  readonly locale?: string
  readonly updatedAtMs?: number
  /** False where their organization has the command line off for its people. */
  readonly commandLine?: boolean
}

/** The people, as the directory knows them. Only active ones in active organizations are found. */
export interface PersonSource {
  find(userId: string): Promise<Person | undefined>
  /** By user name or e-mail address, in the organization. */
  findByLogin(organizationId: OrganizationId, login: string): Promise<Person | undefined>
}

/** A sign-in session that is in force. */
export interface SignInSession {
  /** Public id: names the session, opens nothing. */
  readonly id: string
  readonly userId: UserId
  readonly authenticatedAtMs: number
  readonly expiresAtMs: number
  readonly amr: readonly string[]
  readonly acr?: string
  /** Whether its second factor was the person's own: a letter, or a browser that was remembered, is none. */
  readonly ownSecond?: boolean
}

/** The proof behind an access token or API key, as far as it says. */
export interface TokenProof {
  readonly acr?: string | undefined
  readonly amr?: readonly string[] | undefined
  readonly sessionId?: string | undefined
  /** Known to have been the person's own second factor. */
  readonly ownSecond?: boolean
}

/** A person whose application goes on by a refresh token. */
export interface GoesOn {
  readonly requestId: string
  readonly organizationId: OrganizationId
  readonly userId: UserId
  readonly sessionId: string | undefined
  readonly applicationId: string
  /** Where the person is; undefined where only their application is heard of. */
  readonly address: string | undefined
  readonly amr?: readonly string[] | undefined
}
export type GoesOnAnswer =
  | { readonly kind: 'permit' }
  | { readonly kind: 'deny' }
  /** Not without one of these factors. */
  | { readonly kind: 'require'; readonly factors: readonly string[] }

/** The sessions, as authentication knows them. */
export interface SessionSource {
  /** The session whose cookie the request carries. */
  ofRequest(request: FastifyRequest): Promise<SignInSession | undefined>
  find(sessionId: string): Promise<SignInSession | undefined>
  /** What sign-in policies say of opening an application with the session of a request. */
  mayOpen?(request: FastifyRequest, applicationId: string): Promise<{ readonly kind: 'permit' | 'require' | 'deny' }>
  /** What they say of going on with a session, or what came from it; undefined where there is nothing to ask. */
  mayGoOn?(it: GoesOn): Promise<GoesOnAnswer> | undefined
  end(act: Act, sessionId: string, reason?: string): Promise<void>
}

/** A page as it is sent: authentication draws all of them. */
export interface RenderedPage {
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

/** The organization whose door a page shows: the application's; without, of whoever is signed in. */
export interface About {
  readonly organizationId?: string | undefined
}

/** The pages around the protocol, each in the language of whoever sent the request. */
export interface TokenPages {
  /** Tags of the languages that pages are shown in. */
  readonly languages: readonly string[]
  /** Whether an application may act for a person. The form posts `decision` (`allow` or `deny`) and `csrf` to `action`. */
  consent(request: FastifyRequest, page: ConsentPage): Promise<RenderedPage>
  /** Whether to sign out. The form posts `fields` to `action`. */
  signOut(
    request: FastifyRequest,
    page: About & {
      readonly person: string
      readonly action: string
      readonly fields: Readonly<Record<string, string>>
    },
  ): Promise<RenderedPage>
  signedOut(request: FastifyRequest, page?: About): Promise<RenderedPage>
  /** Asks for the code that a device shows. The form posts `user_code` and `fields` to `action`. */
  deviceCode(
    request: FastifyRequest,
    page: FormPage & { readonly wrong?: DeviceWrong | undefined },
  ): Promise<RenderedPage>
  /** Whether the device that asked may go on. The form posts `fields` to `action`, with `abort` when it may not. */
  deviceConfirm(request: FastifyRequest, page: DevicePage & About): Promise<RenderedPage>
  deviceDone(request: FastifyRequest, page: About & { readonly application: string }): Promise<RenderedPage>
  /** What applications ask of a person who is elsewhere. Each form posts `decision` (`allow` or `deny`) and `fields` to `action`. */
  requests(request: FastifyRequest, page: RequestsPage): Promise<RenderedPage>
  /** What acts for a person. Each form posts `fields` to `action`. */
  applications(request: FastifyRequest, page: ApplicationsPage): Promise<RenderedPage>
  /** Leaves for an address at once: after a form, whose policy forbids a redirect to another origin. */
  onward(request: FastifyRequest, address: string, page?: About): Promise<RenderedPage>
  refused(
    request: FastifyRequest,
    page: About & { readonly says: string; readonly requestId: string },
  ): Promise<RenderedPage>
}

/** Why a device was not let in. */
export type DeviceWrong = 'aborted' | 'unknown' | 'refused' | 'failed'

export interface FormPage {
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
}

export interface DevicePage extends FormPage {
  readonly application: string
  readonly code: string
  /** Where the device asked from. */
  readonly address: string
  /** What it calls itself. */
  readonly agent: string
}

export interface RequestsPage {
  readonly person: string
  readonly requests: readonly (FormPage & {
    readonly application: string
    readonly scopes: readonly string[]
    /** Shown by the application too, so that people know it is the same. */
    readonly message?: string | undefined
    readonly atMs: number
  })[]
  readonly answered?: 'allow' | 'deny' | undefined
}

export interface ApplicationsPage {
  readonly organizationId: string
  readonly person: string
  readonly applications: readonly (FormPage & {
    readonly name: string
    readonly scopes: readonly string[]
    readonly allowedAtMs: number | undefined
    readonly connected: boolean
  })[]
  readonly withdrawn: boolean
}

export interface ConsentPage {
  /** Of the application. */
  readonly organizationId: string
  readonly application: string
  readonly person: string
  readonly scopes: readonly string[]
  /** Names of other applications at which it wants to act for the person. */
  readonly others: readonly string[]
  /** Single things that it wants to do (RFC 9396), as it says them. */
  readonly details: readonly { readonly type: string; readonly says: string }[]
  readonly action: string
  readonly csrf: string
  /** Origin that the person goes to next; undefined when a device waits for the answer. */
  readonly goesTo: string | undefined
  /** Languages that the application asked for (OpenID Connect Core §3.1.2.1). */
  readonly uiLocales: unknown
}

export function actorOfClient(client: RegisteredClient): Actor {
  const { id, organizationId, name } = client
  return client.type === 'machine'
    ? { type: 'machine', id: id as MachineId, organizationId, name }
    : { type: 'application', id: id as ApplicationId, organizationId, name }
}

export function actorOfPerson(person: Person): Actor {
  return { type: 'user', id: person.id, organizationId: person.organizationId, name: person.username }
}
