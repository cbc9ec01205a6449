import {
  defaultOAuth,
  findOrganizationsTakingDocuments,
  type OAuthSettings,
  type Organization,
  readDocumentClient,
} from '#directory'
import { type ApplicationId, type Clock, isFault } from '#kernel'
import type { Reader } from '#storage'
import { type Outgoing, RateLimit } from '#web'
import type { RegisteredClient } from '../ports.ts'

const bytesMost = 5 * 1_024
const keptMs = { least: 60_000, most: 24 * 3_600_000, refused: 60_000 }
const refusedMost = 1_000

/**
 * Clients that nobody has registered: their `client_id` is the address of a document that describes them (OAuth Client ID Metadata
 * Document, draft-ietf-oauth-client-id-metadata-document). Taken where an organization lets its host in, as an application of that
 * organization that always asks people and shows them its host.
 */
export class ClientDocuments {
  readonly #deps: { readonly db: Reader; readonly clock: Clock; readonly outgoing: Outgoing }
  readonly #fetches: RateLimit
  /** Of all hosts together: names of hosts cost an attacker nothing. */
  readonly #all: RateLimit
  /** Until when an address is not asked again that gave nothing usable. */
  readonly #refusedUntilMs = new Map<string, number>()
  readonly #reading = new Map<string, Promise<RegisteredClient | undefined>>()

  constructor(deps: { readonly db: Reader; readonly clock: Clock; readonly outgoing: Outgoing }) {
    this.#deps = deps
    this.#fetches = new RateLimit({ clock: deps.clock, perSecond: 0.5, capacity: 10 })
    this.#all = new RateLimit({ clock: deps.clock, perSecond: 5, capacity: 50 })
  }

  /** Undefined for whatever is not the address of a client that some organization lets in. */
  find(clientId: string): Promise<RegisteredClient | undefined> {
    const known = this.#reading.get(clientId)
    if (known !== undefined) return known
    const reading = this.#find(clientId).finally(() => this.#reading.delete(clientId))
    this.#reading.set(clientId, reading)
    return reading
  }

  async #find(clientId: string): Promise<RegisteredClient | undefined> {
    const { db, clock } = this.#deps
    const url = clientAddress(clientId)
    if (url === undefined || (this.#refusedUntilMs.get(clientId) ?? 0) > clock.nowMs()) return undefined
    const organizations = await findOrganizationsTakingDocuments(db, url.host)
    // Where two take it nobody could say whose it is.
    const [organization, second] = organizations
    if (organization === undefined || second !== undefined) return undefined
    try {
      this.#fetches.take(url.host)
      this.#all.take('all')
      return await this.#read(url, clientId, organization)
    } catch (error) {
      if (!isFault(error)) throw error
      if (this.#refusedUntilMs.size >= refusedMost) this.#refusedUntilMs.clear()
      this.#refusedUntilMs.set(clientId, clock.nowMs() + keptMs.refused)
      return undefined
    }
  }

  async #read(url: URL, clientId: string, organization: Organization): Promise<RegisteredClient> {
    const { outgoing, clock } = this.#deps
    const reply = await outgoing.send(clientId, {
      headers: { accept: 'application/json' },
      timeoutMs: 2_500,
      mostBytes: bytesMost,
    })
    const nowMs = clock.nowMs()
    const client = readDocumentClient(reply.status, reply.body.toString('utf8'), clientId, nowMs)
    const maxAge = /(?:^|[,\s])max-age=(\d{1,9})/i.exec(reply.headers['cache-control'] ?? '')?.[1]
    const keptFor = Math.min(Math.max(Number(maxAge ?? 0) * 1_000, keptMs.least), keptMs.most)
    const oauth: OAuthSettings = { ...defaultOAuth, ...(client.jwksUri !== undefined && { jwksUri: client.jwksUri }) }
    return {
      // INVARIANT: such an id never looks like one of ours, so nothing takes it for an application's.
      id: clientId as ApplicationId,
      type: 'application',
      organizationId: organization.id,
      name: `${client.name} (${url.host})`,
      authMethod: client.authMethod,
      ...(client.keys.length > 0 && { jwks: { keys: client.keys } }),
      redirectUris: client.redirectUris,
      postLogoutRedirectUris: [],
      grantTypes: client.grantTypes,
      scopes: ['openid', 'profile', 'email'],
      anyScope: true,
      consent: true,
      oauth,
      native: client.native,
      limits: organization.settings.tokens ?? {},
      verifySecret: () => false,
      readAgainAtMs: nowMs + keptFor,
    }
  }
}

/** §3: https, with a path, without fragment, credentials, dot segments or a port's worth of trickery. */
function clientAddress(clientId: string): URL | undefined {
  if (clientId.length > 1_024 || !/^https:\/\/[\x21-\x7e]+$/.test(clientId) || /[\\#"<>^`{|}]/.test(clientId))
    return undefined
  const url = URL.parse(clientId)
  if (url === null || url.username !== '' || url.password !== '' || url.pathname === '/') return undefined
  // A name that is not in its normal form could be shown or compared as another.
  return url.href === clientId ? url : undefined
}
