import type { IncomingMessage } from 'node:http'
import { randomToken, systemEntropy } from '#kernel'
import { looksLikeJws } from '../verify/read-jws.ts'
import type { AccessTokenVerifier } from '../verify/verify-access-token.ts'
import { paths } from './paths.ts'
import { bodyOf, setBody } from './request.ts'
import type { Unit } from './unit.ts'

const fieldAt: Record<string, string> = {
  [paths.introspection]: 'token',
  [paths.revocation]: 'token',
  [paths.userinfo]: 'access_token',
}

/**
 * The provider does not know its own JWT access tokens again: it refuses them at introspection, revocation and userinfo. So a
 * JWT that is presented there is verified here, and the provider is handed a name for it that is good for this request only; the
 * adapter finds the stored artifact by it. One that does not verify is replaced by a name of nothing.
 */
export function presentJwt(request: IncomingMessage, path: string, unit: Unit, verifier: AccessTokenVerifier): void {
  const field = fieldAt[path]
  if (field === undefined) return
  const swap = (token: string): string | undefined => {
    if (!looksLikeJws(token)) return undefined
    // A proof of possession names the token itself (`ath`), so at userinfo it stays as it is.
    const handle = path === paths.userinfo ? token : randomToken(systemEntropy, 18)
    const claims = verifier.verify(token, undefined)
    if (claims !== undefined)
      unit.presented = {
        handle,
        kind: claims.sub === claims.client_id ? 'ClientCredentials' : 'AccessToken',
        jti: claims.jti,
        issuedAtSeconds: claims.iat,
        withAudience: path !== paths.userinfo,
      }
    return handle
  }
  if (path === paths.userinfo) {
    const [scheme, token, ...rest] = (request.headers.authorization ?? '').split(' ')
    if (/^(bearer|dpop)$/i.test(scheme ?? '') && token !== undefined && rest.length === 0) {
      swap(token)
      return
    }
  }
  const body = bodyOf(request)
  if (body === undefined) return
  const form = new URLSearchParams(body.toString('utf8'))
  if (form.getAll(field).length !== 1) return
  const name = swap(form.get(field) as string)
  if (name === undefined) return
  form.set(field, name)
  setBody(request, Buffer.from(form.toString()))
}
