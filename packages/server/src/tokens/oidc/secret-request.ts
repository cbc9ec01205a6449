import type { FastifyRequest } from 'fastify'
import type { RegisteredClient } from '../ports.ts'
import type { ClientCache } from './clients.ts'

/** A form of a client that names itself and gives its secret (RFC 6749 §2.3.1), in one of the two ways and in that one only. */
export interface SecretRequest {
  readonly form: URLSearchParams
  readonly id: string
  readonly secret: string
}

/**
 * Reads what can be answered without the provider. Undefined for anything else, right or wrong: other proofs, a browser's request
 * across origins, two ways at once. The provider answers those.
 */
export function readSecretRequest(request: FastifyRequest): SecretRequest | undefined {
  const { authorization, origin } = request.headers
  if (origin !== undefined || !Buffer.isBuffer(request.body) || !isForm(request)) return undefined
  const form = new URLSearchParams(request.body.toString('utf8'))
  if (form.has('client_assertion') || form.has('client_assertion_type')) return undefined
  const given =
    authorization === undefined ? byForm(form) : form.has('client_secret') ? undefined : byHeader(authorization)
  if (given === undefined || (form.has('client_id') && only(form, 'client_id') !== given.id)) return undefined
  return { form, ...given }
}

/** A form of a public client, which only names itself (RFC 6749 §3.2.1). */
export function readPublicRequest(request: FastifyRequest): Omit<SecretRequest, 'secret'> | undefined {
  const { authorization, origin } = request.headers
  if (origin !== undefined || authorization !== undefined || !Buffer.isBuffer(request.body) || !isForm(request))
    return undefined
  const form = new URLSearchParams(request.body.toString('utf8'))
  const proofs = ['client_secret', 'client_assertion', 'client_assertion_type']
  const id = only(form, 'client_id')
  return id && !proofs.some((name) => form.has(name)) ? { form, id } : undefined
}

/** The client, when this is its secret. */
export async function findBySecret(
  clients: ClientCache,
  { id, secret }: SecretRequest,
): Promise<RegisteredClient | undefined> {
  const client = await clients.find(id)
  return client?.authMethod === 'client_secret_basic' && client.verifySecret(secret) ? client : undefined
}

const isForm = ({ headers }: FastifyRequest) =>
  /^application\/x-www-form-urlencoded(;|$)/i.test(headers['content-type'] ?? '')

export function only(form: URLSearchParams, name: string): string | undefined {
  const values = form.getAll(name)
  return values.length === 1 ? values[0] : undefined
}

interface Given {
  readonly id: string
  readonly secret: string
}

function byForm(form: URLSearchParams): Given | undefined {
  const [id, secret] = [only(form, 'client_id'), only(form, 'client_secret')]
  return id && secret ? { id, secret } : undefined
}

/** RFC 6749 §2.3.1. Our ids and secrets have no letter that its encoding changes; whatever has is left to the provider. */
function byHeader(authorization: string): Given | undefined {
  const base64 = /^Basic ([A-Za-z0-9+/]+=*)$/i.exec(authorization)?.[1]
  const [, id, secret] =
    /^(\w+):([\w-]+)$/.exec(base64 === undefined ? '' : Buffer.from(base64, 'base64').toString('latin1')) ?? []
  return id && secret ? { id, secret } : undefined
}
