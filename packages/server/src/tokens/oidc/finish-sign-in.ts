import type { Context } from 'koa'
import type Provider from 'oidc-provider'
import type { SessionSource } from '../ports.ts'
import { requestOf } from './request.ts'

/**
 * Before an authorization request is taken up again after the sign-in page: when the person has proved themselves since it began,
 * that answers its question (`prompt=login`, `max_age`). The session may be another than the one it began with.
 */
export async function finishSignIn(ctx: Context, provider: Provider, sessions: SessionSource): Promise<void> {
  const id = ctx.cookies.get(provider.cookieName('resume'))
  if (id === undefined) return
  const interaction = await provider.Interaction.find(id)
  if (interaction === undefined || interaction.prompt.name !== 'login' || interaction.result !== undefined) return
  const session = await sessions.ofRequest(requestOf(ctx.req))
  const authenticatedAt = Math.floor((session?.authenticatedAtMs ?? 0) / 1_000)
  if (session === undefined || interaction.iat === undefined || authenticatedAt < interaction.iat) return
  interaction.result = {
    login: { accountId: session.userId, ts: authenticatedAt, amr: [...session.amr], acr: session.acr },
  }
  delete interaction.session
  await interaction.save(Math.max(1, interaction.exp - Math.floor(Date.now() / 1_000)))
}
