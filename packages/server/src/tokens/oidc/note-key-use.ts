import type { KoaContextWithOIDC } from 'oidc-provider'
import type { CredentialUses } from '#directory'
import type { RegisteredClient } from '../ports.ts'

/**
 * Notes the key by which a client has proved itself (RFC 7523 §2.2): the one that its assertion names, or the only one it has. The provider
 * has checked it; secrets are noted where they are compared.
 */
export async function noteKeyUse(
  ctx: KoaContextWithOIDC,
  uses: Pick<CredentialUses, 'note'>,
  find: (clientId: string) => Promise<RegisteredClient | undefined>,
): Promise<void> {
  if (ctx.status >= 400 || ctx.oidc?.client === undefined) return
  const assertion = ctx.oidc.body?.client_assertion
  if (typeof assertion !== 'string' || ctx.oidc.client.clientAuthMethod !== 'private_key_jwt') return
  const client = await find(ctx.oidc.client.clientId)
  const kids = (client?.jwks?.keys ?? []).map(({ kid }) => kid)
  const named = kidOf(assertion) ?? (kids.length === 1 ? kids[0] : undefined)
  if (client !== undefined && typeof named === 'string' && kids.includes(named)) uses.note(client.id, named)
}

function kidOf(assertion: string): unknown {
  try {
    return JSON.parse(Buffer.from(assertion.split('.')[0] ?? '', 'base64url').toString('utf8'))?.kid
  } catch {
    return undefined
  }
}
