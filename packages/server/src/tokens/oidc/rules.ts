import { defaultOAuth, type ResponseMode } from '#directory'
import type { RegisteredClient } from '../ports.ts'

/** What holds for a client once its named profile is counted in. */
export interface Rules {
  /** FAPI 2.0 Security Profile: pushed requests, constrained tokens, strict assertions, no rotation. */
  readonly fapi: boolean
  /** Whether a code is given out only for a proof key (RFC 7636): of whoever keeps no secret, always. */
  readonly pkceRequired: boolean
  readonly dpop: 'off' | 'allowed' | 'required'
  readonly dpopNonce: boolean
  readonly certificateBound: boolean
  readonly pushedRequired: boolean
  readonly signedRequests: 'off' | 'allowed' | 'required'
  readonly responseModes: readonly ResponseMode[]
}

const signedModes: readonly ResponseMode[] = ['jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt']

/** A profile only ever tightens what is set beside it (FAPI 2.0 Security Profile §5.3.2, Message Signing §5.3–5.4). */
export function rulesOf({ oauth = defaultOAuth, authMethod }: Pick<RegisteredClient, 'oauth' | 'authMethod'>): Rules {
  const fapi = oauth.profile !== 'standard'
  const signing = oauth.profile === 'fapi2-message-signing'
  const signed = oauth.responseModes.filter((mode) => signedModes.includes(mode))
  return {
    fapi,
    pkceRequired: fapi || authMethod === 'none' || oauth.pkce !== 'optional',
    dpop: fapi && !oauth.certificateBoundTokens ? 'required' : oauth.dpop,
    dpopNonce: oauth.dpopNonce,
    certificateBound: oauth.certificateBoundTokens,
    pushedRequired: fapi || oauth.pushedRequests === 'required',
    signedRequests: signing ? 'required' : oauth.signedRequests,
    responseModes: !signing ? oauth.responseModes : signed.length > 0 ? signed : signedModes,
  }
}
