import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import { artifactId } from '../artifacts/artifact.ts'
import type { SessionSource, SignInSession } from '../ports.ts'
import { requestOf } from './request.ts'
import { Unit } from './unit.ts'

type ProviderSession = InstanceType<Provider['Session']>
interface SessionClass {
  new (payload?: Record<string, unknown>): ProviderSession
  get(ctx: KoaContextWithOIDC): Promise<ProviderSession>
  findByUid(uid: string): Promise<ProviderSession | undefined>
  prototype: {
    resetIdentifier(): void
    sidFor(this: ProviderSession, clientId: string, value?: string): string | undefined
    destroy(this: ProviderSession): Promise<void>
    touched: boolean
  }
}

/**
 * Makes the provider's session a projection of authentication's: it exists exactly as long, has its public id, and adds only
 * which application got which grant from it. Without a sign-in there is a session of the provider's own, for the state of a
 * sign-out alone; one that names a person is never taken from the provider's cookie.
 */
export function projectSessions(provider: Provider, sessions: SessionSource): void {
  const Session = provider.Session as unknown as SessionClass

  const project = async (ours: SignInSession): Promise<ProviderSession> => {
    const stored = await Unit.current().find(artifactId('Session', ours.id))
    const session = new Session({
      ...stored?.payload,
      jti: ours.id,
      uid: ours.id,
      accountId: ours.userId,
      loginTs: Math.floor(ours.authenticatedAtMs / 1_000),
      amr: [...ours.amr],
      acr: ours.acr,
      exp: Math.floor(ours.expiresAtMs / 1_000),
    })
    return session
  }

  Session.get = async (ctx) => {
    const ours = await sessions.ofRequest(requestOf(ctx.req))
    const session = ours === undefined ? await anonymous(ctx) : await project(ours)
    ctx.oidc.entity('Session', session)
    return session
  }

  const anonymous = async (ctx: KoaContextWithOIDC): Promise<ProviderSession> => {
    const id = ctx.cookies.get(provider.cookieName('session'))
    const stored = id === undefined ? undefined : await Unit.current().find(artifactId('Session', id))
    if (id === undefined || stored === undefined || stored.payload.accountId !== undefined) return new Session()
    return new Session({ ...stored.payload, jti: id })
  }

  Session.findByUid = async (uid) => {
    const ours = await sessions.find(uid)
    return ours === undefined ? undefined : project(ours)
  }

  // A new identifier against fixation is authentication's matter: the cookie that opens the session is its own.
  Session.prototype.resetIdentifier = function () {
    this.touched = true
  }

  // One name of a session for all applications: what an ID token, an access token and a logout token say is the same.
  const sidFor = Session.prototype.sidFor
  Session.prototype.sidFor = function (clientId, value) {
    return value === undefined && this.accountId !== undefined ? this.uid : sidFor.call(this, clientId, value)
  }

  const destroy = Session.prototype.destroy
  Session.prototype.destroy = async function () {
    const { accountId, uid } = this
    await destroy.call(this)
    const unit = Unit.current()
    if (accountId !== undefined) unit.afterCommit(() => sessions.end(unit.act, uid))
  }
}
