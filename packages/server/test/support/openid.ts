import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import * as openid from 'openid-client'
import type { ApplicationInput, User } from '#directory'
import { TestBrowser } from './browser.ts'
import { redirectUri } from './token-flow.ts'
import type { TokensFixture } from './tokens.ts'

/** An application whose own key signs: its assertions and its requests. */
export interface KeyedClient {
  readonly id: string
  readonly privateKey: CryptoKey
  readonly config: openid.Configuration
}

/** Registers an application with `private_key_jwt` and reads discovery as it. */
export async function keyedClient(
  it: TokensFixture,
  input: Partial<ApplicationInput> & { name: string },
  alg = 'ES256',
): Promise<KeyedClient> {
  const { privateKey, publicKey } = await generateKeyPair(alg)
  const jwk = { ...(await exportJWK(publicKey)), alg, kid: 'own' }
  const { application } = await it.addClient({ authMethod: 'private_key_jwt', keys: [{ jwk }], ...input })
  const authentication = openid.PrivateKeyJwt({ key: privateKey, kid: 'own' })
  return { id: application.id, privateKey, config: await configure(it, application.id, authentication) }
}

/** `openid-client` for a client of the fixture; plain http is for loopback. */
export function configure(
  it: { readonly url: string },
  id: string,
  authentication?: openid.ClientAuth,
  metadata?: Partial<openid.ClientMetadata>,
): Promise<openid.Configuration> {
  return openid.discovery(new URL(it.url), id, metadata, authentication, { execute: [openid.allowInsecureRequests] })
}

/** Lets the browser of somebody who is signed in follow an authorization request. @returns where the application is told to go on */
export async function follow(it: TokensFixture, user: User, url: URL): Promise<URL> {
  const browser = new TestBrowser()
  browser.set(it.signIn(user).cookie)
  const response = await browser.get(url)
  const location = response.headers.get('location')
  if (location === null) throw new Error(`no redirect but ${response.status} ${await response.text()}`)
  return new URL(location, it.url)
}

/** Parameters of a request with PKCE, and what its answer is checked with. */
export async function askForCode(more: Record<string, string> = {}) {
  const pkceCodeVerifier = openid.randomPKCECodeVerifier()
  const code_challenge = await openid.calculatePKCECodeChallenge(pkceCodeVerifier)
  const expectedNonce = openid.randomNonce()
  return {
    params: {
      redirect_uri: redirectUri,
      scope: 'openid',
      code_challenge,
      code_challenge_method: 'S256',
      nonce: expectedNonce,
      ...more,
    },
    checks: { pkceCodeVerifier, expectedNonce, idTokenExpected: true },
  }
}
