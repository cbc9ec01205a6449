import type { Clock } from '#kernel'
import type { Web } from '#web'
import type { IdentitySigner } from '../forward-auth/ports.ts'
import { obligationTypes } from '../obligations/obligation.ts'
import { planUrl } from '../plan/plan.routes.ts'
import { searchUrl } from '../search/search.routes.ts'

export type MetadataSigner = IdentitySigner

/** How old the signature of the metadata becomes: verifiers may hold an issuing time to a limit of their own. */
const signAgainMs = 3_600_000

/**
 * `/.well-known/authzen-configuration`: PDP metadata (AuthZEN 1.0, "Policy Decision Point Metadata"), plain and as a JWT signed
 * (RFC 7515) by a key of `/oauth/jwks`. Built from the configured address, never from `Host`.
 */
export function addDiscovery(web: Web, deps: { readonly keyring: MetadataSigner; readonly clock: Clock }): void {
  const { keyring, clock } = deps
  const members = metadata(web.url)
  let signed: { kid: string; atMs: number; body: string } | undefined
  web.app.get('/.well-known/authzen-configuration', async (_request, reply) => {
    const nowMs = clock.nowMs()
    const { kid } = keyring.activeKey('ES256')
    if (signed === undefined || signed.kid !== kid || nowMs - signed.atMs >= signAgainMs || nowMs < signed.atMs) {
      const claims = { iss: web.url, iat: Math.floor(nowMs / 1_000), ...members }
      const text = `${encode({ alg: 'ES256', typ: 'JWT', kid })}.${encode(claims)}`
      const jwt = `${text}.${Buffer.from(keyring.sign(kid, Buffer.from(text))).toString('base64url')}`
      signed = { kid, atMs: nowMs, body: JSON.stringify({ ...members, signed_metadata: jwt }) }
    }
    reply.header('cache-control', 'public, max-age=300').type('application/json; charset=utf-8')
    return signed.body
  })
}

/** The metadata without its signature. */
export function metadata(url: string) {
  return {
    policy_decision_point: url,
    access_evaluation_endpoint: `${url}/access/v1/evaluation`,
    access_evaluations_endpoint: `${url}/access/v1/evaluations`,
    search_subject_endpoint: url + searchUrl('subject'),
    search_resource_endpoint: url + searchUrl('resource'),
    search_action_endpoint: url + searchUrl('action'),
    supported_obligations: obligationTypes,
    gatehouse_plan_endpoint: url + planUrl,
  }
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
