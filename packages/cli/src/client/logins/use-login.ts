import { exits, Failure } from '../../failure.ts'
import type { Credential } from '../sender.ts'
import { requestToken, TokenRefusal, type TokenReply } from '../token-request.ts'
import { findKeyStore, keepSecrets, readSecrets } from './key-store.ts'
import { clientId, type Login, type LoginSecrets, writeLogin } from './login.ts'

/** An access token that ends sooner than this is renewed first. */
const leastLeftMs = 60_000

/** Keeps what a token answer brought, in the system's key store where it takes it, else in the login's own file. */
export async function keepLogin(
  environment: NodeJS.ProcessEnv,
  login: Pick<Login, 'profile' | 'url' | 'person'> & Partial<Pick<Login, 'keptIn'>>,
  secrets: LoginSecrets,
): Promise<Login> {
  const { profile, url, person } = login
  let keptIn = login.keptIn ?? findKeyStore(environment)
  if (keptIn !== 'file')
    await keepSecrets(keptIn, profile, secrets).catch(() => {
      keptIn = 'file'
    })
  const kept = { profile, url, person, keptIn, ...(keptIn === 'file' && { secrets }) }
  writeLogin(environment, kept)
  return kept
}

export const secretsOf = (reply: TokenReply, nowMs: number, former?: string): LoginSecrets => ({
  accessToken: reply.access_token,
  refreshToken: reply.refresh_token ?? former ?? '',
  expiresAtMs: nowMs + reply.expires_in * 1_000,
})

export const secretsIn = async (login: Login): Promise<LoginSecrets> =>
  login.secrets ?? (await readSecrets(login.keptIn, login.profile))

/**
 * An access token that is good for at least a minute: the one that is kept, or a new one. A refresh token that another command
 * uses at the same moment is good for both (the server's grace), so nothing is locked.
 * @throws {Failure} when the login has ended
 */
export async function freshToken(
  environment: NodeJS.ProcessEnv,
  login: Login,
  nowMs = Date.now(),
): Promise<LoginSecrets> {
  const secrets = await secretsIn(login)
  if (secrets.expiresAtMs - nowMs > leastLeftMs) return secrets
  try {
    const form = { grant_type: 'refresh_token', refresh_token: secrets.refreshToken, client_id: clientId }
    const renewed = secretsOf(await requestToken(login.url, form), nowMs, secrets.refreshToken)
    await keepLogin(environment, login, renewed)
    return renewed
  } catch (error) {
    if (!(error instanceof TokenRefusal) || error.error !== 'invalid_grant') throw error
    throw new Failure(`The login of ${login.person} at ${login.url} has ended`, {
      exit: exits.denied,
      next: `gatehouse login --url ${login.url} --profile ${login.profile}`,
      cause: error,
    })
  }
}

/** A login as what requests are sent with. */
export function loginCredential(environment: NodeJS.ProcessEnv, login: Login): Credential {
  let kept = login
  return {
    kind: 'login',
    url: login.url,
    authorization: async () => {
      const secrets = await freshToken(environment, kept)
      kept = { ...kept, secrets }
      return `Bearer ${secrets.accessToken}`
    },
  }
}
