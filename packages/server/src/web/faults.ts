import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'web.malformed': { status: 400, says: 'The body is not well-formed: send JSON without repeated keys' },
  'web.invalid': { status: 400, says: 'The request does not have the shape this operation takes; see errors' },
  'web.cursor_invalid': { status: 400, says: 'The cursor is not one this list gave out: start again without it' },
  'web.unauthenticated': { status: 401, says: 'Sign in, or send a valid access token' },
  'web.credential_limited': {
    status: 403,
    says: 'The credential is for some actions only, and this is none of them: use one that is for it, or sign in',
  },
  'web.cross_site': { status: 403, says: 'A change with a session cookie must come from our own pages' },
  'web.not_found': { status: 404, says: 'There is nothing at this address' },
  'web.method_not_allowed': { status: 405, says: 'This address does not take this method' },
  'web.revision_conflict': { status: 412, says: 'It was changed meanwhile: read it again, then repeat your change' },
  'web.too_large': { status: 413, says: 'The body is larger than this operation takes' },
  'web.unsupported_media': { status: 415, says: 'Send the body as application/json' },
  'web.idempotency_mismatch': { status: 422, says: 'This Idempotency-Key was used for another request: use a new one' },
  'web.idempotency_running': { status: 409, says: 'A request with this Idempotency-Key is still running' },
  'web.rate_limited': { status: 429, says: 'Too many requests: wait, then try again' },
  'web.answer_lost': {
    status: 409,
    says: 'The change of this Idempotency-Key was made, but its answer was lost: read the object it names',
  },
  'web.issuer_unreachable': {
    status: 503,
    says: 'The keys of the outside issuer cannot be fetched now: try again, or see whether its address is right and may be asked',
  },
  'web.outgoing_refused': { status: 400, says: 'Gatehouse sends no request to this address' },
  'web.outgoing_failed': { status: 502, says: 'Another server did not answer as it should' },
  'web.not_ready': { status: 503, says: 'This node should not be sent requests now' },
  'web.internal': { status: 500, says: 'Something went wrong here. The request id finds it in the log' },
})
