import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type CryptoKey,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from 'jose'
import Provider from 'oidc-provider'
import { TestBrowser } from './browser.ts'
import type { FormBrowser } from './people.ts'

/** Somebody as an identity provider knows them. */
export interface UpstreamAccount {
  readonly sub: string
  readonly email?: string
  readonly email_verified?: boolean
  readonly name?: string
  readonly acr?: string
  readonly amr?: readonly string[]
}

type Token = { readonly header: Record<string, unknown>; readonly claims: JWTPayload }

/**
 * An identity provider of somebody else's on loopback: `oidc-provider` as it is, whose answers can be bent on their way out, by
 * its own key where they are signed.
 */
export class Upstream {
  url = ''
  readonly clientId = 'gatehouse'
  readonly secret = 'a-secret-of-gatehouse-there'
  /** Who signs in there. */
  account: UpstreamAccount = { sub: '248289761001', email: 'alice@corp.example', email_verified: true, name: 'Alice' }
  isAway = false
  /** Changes the ID token before it leaves. `unsigned` sends it with alg none. */
  bend: ((token: Token) => Partial<Token> & { readonly unsigned?: boolean; readonly key?: CryptoKey }) | undefined
  /** Answers in the place of the provider, by path. */
  readonly instead = new Map<string, (body: string) => { readonly status?: number; readonly body: string }>()
  readonly asked: string[] = []
  readonly keys: { privateKey: CryptoKey; publicKey: CryptoKey }
  readonly #server: Server
  #provider!: Provider

  private constructor(keys: { privateKey: CryptoKey; publicKey: CryptoKey }) {
    this.keys = keys
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  static async open(redirectUris: readonly string[] = []): Promise<Upstream> {
    const upstream = new Upstream(await generateKeyPair('ES256', { extractable: true }))
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve))
    upstream.url = `http://127.0.0.1:${(upstream.#server.address() as AddressInfo).port}`
    await upstream.register(redirectUris)
    return upstream
  }

  /** Makes the provider, with these addresses of ours registered. */
  async register(redirectUris: readonly string[], client: Record<string, unknown> = {}): Promise<void> {
    const jwk = { ...(await exportJWK(this.keys.privateKey)), kid: 'there', use: 'sig', alg: 'ES256' }
    const provider = new Provider(this.url, {
      clients: [
        {
          client_id: this.clientId,
          client_secret: this.secret,
          redirect_uris: redirectUris.length === 0 ? ['https://nowhere.example/'] : [...redirectUris],
          id_token_signed_response_alg: 'ES256',
          ...client,
        },
      ],
      jwks: { keys: [jwk] },
      enabledJWA: { idTokenSigningAlgValues: ['ES256', 'HS256'] },
      conformIdTokenClaims: false,
      claims: {
        openid: ['sub'],
        email: ['email', 'email_verified'],
        profile: ['name'],
        acr: null,
        amr: null,
        sid: null,
        auth_time: null,
      },
      acrValues: ['urn:there:mfa'],
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_ctx, { uid }) => `/interaction/${uid}` },
      findAccount: (_ctx, sub) => ({ accountId: sub, claims: () => ({ ...this.account, sub }) as never }),
      loadExistingGrant: async (ctx) => {
        const { oidc } = ctx
        const grant = new oidc.provider.Grant({
          clientId: oidc.client?.clientId as string,
          accountId: oidc.session?.accountId as string,
        })
        grant.addOIDCScope('openid email profile')
        await grant.save()
        return grant
      },
      cookies: { keys: ['only for tests'] },
      ttl: { Interaction: 600, Session: 600, Grant: 600, AccessToken: 600, IdToken: 600 },
    })
    provider.on('server_error', (_ctx, error) => console.error(error))
    this.#provider = provider
  }

  async #answer(request: IncomingMessage, response: ServerResponse) {
    const path = (request.url ?? '').split('?')[0] as string
    this.asked.push(path)
    if (this.isAway) return void response.writeHead(503).end('away')
    const instead = this.instead.get(path)
    if (instead !== undefined) {
      let body = ''
      for await (const part of request) body += part
      const said = instead(body)
      response.writeHead(said.status ?? 200, { 'content-type': 'application/json' })
      return void response.end(said.body)
    }
    if (path.startsWith('/interaction/')) {
      const { acr, amr, sub } = this.account
      const login = { accountId: sub, ...(acr !== undefined && { acr }), ...(amr !== undefined && { amr: [...amr] }) }
      return void this.#provider.interactionFinished(request, response, { login }, { mergeWithLastSubmission: false })
    }
    if (path !== '/token' || this.bend === undefined) return void this.#provider.callback()(request, response)
    const parts: Buffer[] = []
    const [write, end] = [response.write.bind(response), response.end.bind(response)]
    response.write = ((part: Buffer) => parts.push(Buffer.from(part)) > 0) as never
    response.end = ((part?: Buffer | string) => {
      if (part !== undefined) parts.push(Buffer.from(part))
      void this.#bent(Buffer.concat(parts).toString('utf8')).then((body) => {
        response.setHeader('content-length', Buffer.byteLength(body))
        write(body)
        end()
      })
      return response
    }) as never
    void this.#provider.callback()(request, response)
  }

  async #bent(body: string): Promise<string> {
    const answer = JSON.parse(body) as Record<string, unknown>
    if (typeof answer.id_token !== 'string' || this.bend === undefined) return body
    const token = {
      header: decodeProtectedHeader(answer.id_token) as Record<string, unknown>,
      claims: decodeJwt(answer.id_token),
    }
    const bent = { ...token, ...this.bend(token) }
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    answer.id_token = bent.unsigned
      ? `${part({ ...bent.header, alg: 'none' })}.${part(bent.claims)}.`
      : await new SignJWT(bent.claims)
          .setProtectedHeader(bent.header as { alg: string })
          .sign((bent.key ?? this.keys.privateKey) as CryptoKey)
    return JSON.stringify(answer)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Where a departure page leads. */
export function departureOf(browser: FormBrowser): URL {
  const href = /<a class="button" href="([^"]*)"/.exec(browser.page)?.[1]
  if (href === undefined) throw new Error(`no way to a provider at ${browser.at}:\n${browser.text}`)
  return new URL(href.replaceAll('&amp;', '&'))
}

/** Goes where a departure page leads, with the cookies of another site. @returns the address that comes back to us */
export async function throughProvider(browser: FormBrowser, there = new TestBrowser()): Promise<URL> {
  let address = departureOf(browser)
  for (let hops = 0; hops < 10; hops++) {
    const response = await there.get(address)
    const location = response.headers.get('location')
    if (location === null) throw new Error(`the provider answered ${response.status}: ${await response.text()}`)
    await response.arrayBuffer()
    address = new URL(location, address)
    if (address.origin === browser.url) return address
  }
  throw new Error('the provider leads round in a circle')
}

/** To the provider and back. */
export async function goThrough(browser: FormBrowser, there?: TestBrowser): Promise<FormBrowser> {
  const back = await throughProvider(browser, there)
  return browser.open(back.pathname + back.search)
}
