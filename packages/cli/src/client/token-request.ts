import { exits, Failure } from '../failure.ts'

export interface TokenReply {
  readonly access_token: string
  readonly token_type: string
  readonly expires_in: number
  readonly scope?: string
  readonly refresh_token?: string
  readonly id_token?: string
}

/** A refusal of the token endpoint, by its code (RFC 6749 §5.2). */
export class TokenRefusal extends Failure {
  readonly error: string
  constructor(error: string, says: string | undefined, requestId: string | undefined) {
    super(`No token: ${error}`, { exit: exits.denied, ...(says && { detail: says }), ...(requestId && { requestId }) })
    this.error = error
  }
}

/**
 * One request to an endpoint that takes a form; what is undefined is left out.
 * @throws {TokenRefusal} as the endpoint refuses, {Failure} when it cannot be reached
 */
export async function requestForm<T>(
  url: string,
  path: string,
  form: Readonly<Record<string, string | undefined>>,
): Promise<T> {
  const given = Object.entries(form).filter((entry): entry is [string, string] => entry[1] !== undefined)
  let response: Response
  try {
    response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams(given),
      redirect: 'error',
    })
  } catch (cause) {
    throw new Failure(`Gatehouse cannot be reached at ${url}`, { exit: exits.unreachable, cause })
  }
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>
  if (response.ok) return body as T
  const says = typeof body.error_description === 'string' ? body.error_description : undefined
  const error = typeof body.error === 'string' ? body.error : `it answered ${response.status}`
  throw new TokenRefusal(error, says, response.headers.get('x-request-id') ?? undefined)
}

export const requestToken = (url: string, form: Readonly<Record<string, string | undefined>>): Promise<TokenReply> =>
  requestForm<TokenReply>(url, '/oauth/token', form)
