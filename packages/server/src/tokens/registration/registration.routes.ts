import { hash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import {
  type Application,
  addApplication,
  addApplicationSecret,
  changeApplication,
  type DirectoryDeps,
  moveApplicationIn,
  parseApplicationId,
  parseOrganizationId,
  requireApplication,
  requireOrganization,
} from '#directory'
import { record } from '#feed'
import { type Act, Fault, isFault, type OrganizationId, randomToken, Type } from '#kernel'
import { Answer, type Operation, operation, traced } from '#web'
import '../events.ts'
import '../faults.ts'
import { type Metadata, readMetadata, readUpdate, showMetadata } from './metadata.ts'
import {
  addRegistrationToken,
  deleteRegistrationAccess,
  findRegistrationAccess,
  putRegistrationAccess,
  useRegistrationToken,
} from './registration.store.ts'

export const registrationPath = '/oauth/register'
const initialPrefix = 'ghreg_'
const accessPrefix = 'ghrat_'
const hashOf = (token: string): string => hash('sha256', token, 'base64url')
const day = 86_400

/** Initial access tokens (RFC 7591 §1.2): who may create applications lets others register theirs, so many and so long. */
export function registrationOperations(deps: DirectoryDeps): Operation[] {
  const closed = { additionalProperties: false }
  return [
    operation({
      id: 'organizations.issueRegistrationToken',
      method: 'POST',
      url: '/api/organizations/:organizationId/registration-tokens',
      summary: 'Issue a token by which programs register themselves as applications of the organization',
      access: { kind: 'action', action: 'createApplication' },
      schemas: {
        params: Type.Object({ organizationId: Type.String() }, closed),
        body: Type.Object(
          {
            validSeconds: Type.Optional(
              Type.Integer({ minimum: 60, maximum: 30 * day, description: 'Default one day' }),
            ),
            uses: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, description: 'Default 1' })),
          },
          closed,
        ),
        reply: Type.Object(
          { token: Type.String({ description: 'Shown this once' }), expiresAtMs: Type.Integer() },
          closed,
        ),
      },
      handle: async ({ act, params, body }) => {
        const organization = await requireOrganization(deps.storage.db, parseOrganizationId(params.organizationId))
        deps.gate.require(act, 'createApplication', { type: 'Organization', id: organization.id })
        const nowMs = deps.clock.nowMs()
        const token = `${initialPrefix}${randomToken(deps.entropy)}`
        const expiresAtMs = nowMs + (body.validSeconds ?? day) * 1_000
        const uses = body.uses ?? 1
        const { at } = await deps.storage.write(async (tx) => {
          const { id: organizationId, name } = organization
          await addRegistrationToken(tx, {
            id: hashOf(token),
            organizationId,
            createdAtMs: nowMs,
            expiresAtMs,
            usesLeft: uses,
          })
          await record(tx, act, {
            type: 'tokens.registration_token_issued',
            atMs: nowMs,
            organizationId,
            object: { type: 'Organization', id: organizationId, name },
            touches: [],
            data: { uses, expiresAtMs },
          })
        })
        return new Answer({ token, expiresAtMs }, { status: 201, at })
      },
    }),
  ]
}

/** Dynamic registration and its management (RFC 7591, 7592), over the directory: what comes of it is an application like any. */
export async function mountRegistration(app: FastifyInstance, deps: DirectoryDeps & { url: string }): Promise<void> {
  const { storage } = deps
  const actOf = (request: FastifyRequest): Act => ({
    actor: { type: 'system', name: 'dynamic registration' },
    requestId: request.id,
    address: request.ip,
    ...traced(request),
  })
  const answer = (application: Application, token: string, secret?: string) => ({
    ...showMetadata(application),
    ...(secret !== undefined && { client_secret: secret, client_secret_expires_at: 0 }),
    registration_access_token: token,
    registration_client_uri: `${deps.url}${registrationPath}/${application.id}`,
  })
  /** @throws {Fault} `tokens.registration_token_invalid`, alike for a client that is not there */
  const ownOf = async (request: FastifyRequest): Promise<{ application: Application; token: string }> => {
    const { clientId } = request.params as { clientId: string }
    const token = bearerOf(request, accessPrefix)
    const known = Buffer.from((await findRegistrationAccess(storage.db, clientId)) ?? '')
    const given = Buffer.from(hashOf(token))
    if (known.length !== given.length || !timingSafeEqual(known, given))
      throw new Fault('tokens.registration_token_invalid')
    const application = await requireApplication(storage.db, parseApplicationId(clientId)).catch((cause) => {
      throw new Fault('tokens.registration_token_invalid', { cause })
    })
    return { application, token }
  }
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', { parseAs: 'string', bodyLimit: 32_768 }, (_request, body, done) => {
      done(null, body)
    })
    scope.setErrorHandler((error, request, reply) => sendError(request, reply, error))
    scope.post(registrationPath, async (request, reply) => {
      const token = bearerOf(request, initialPrefix)
      const metadata = bodyOf(request)
      const access = `${accessPrefix}${randomToken(deps.entropy)}`
      const act = actOf(request)
      const made = await storage.transact(async (tx) => {
        const organization = await useRegistrationToken(tx, hashOf(token), deps.clock.nowMs())
        if (organization === undefined) throw new Fault('tokens.registration_token_invalid')
        const input = readMetadata(
          metadata,
          `dynamic-${randomToken(deps.entropy, 9)
            .toLowerCase()
            .replace(/[^a-z0-9]/g, '0')}`,
        )
        const application = await addApplication(tx, deps, act, organization as OrganizationId, input)
        await putRegistrationAccess(tx, application.id, hashOf(access))
        if (application.credentials.authMethod !== 'client_secret_basic') return { application }
        return addApplicationSecret(tx, deps, act, application.id)
      })
      const secret = 'secret' in made ? made.secret.reveal() : undefined
      return reply
        .code(201)
        .header('cache-control', 'no-store')
        .send(answer(made.application, access, secret))
    })
    scope.get(`${registrationPath}/:clientId`, async (request, reply) => {
      const { application, token } = await ownOf(request)
      return reply.header('cache-control', 'no-store').send(answer(application, token))
    })
    scope.put(`${registrationPath}/:clientId`, async (request, reply) => {
      const { application, token } = await ownOf(request)
      const metadata = bodyOf(request)
      if (metadata.client_id !== application.id)
        throw new Fault('tokens.client_metadata_invalid', { detail: 'client_id must be the client’s own' })
      const change = readUpdate(metadata, application)
      const after = await storage.transact((tx) => changeApplication(tx, deps, actOf(request), application.id, change))
      return reply.header('cache-control', 'no-store').send(answer(after, token))
    })
    scope.delete(`${registrationPath}/:clientId`, async (request, reply) => {
      const { application } = await ownOf(request)
      await storage.transact(async (tx) => {
        await moveApplicationIn(tx, deps, actOf(request), application.id, 'delete')
        await deleteRegistrationAccess(tx, application.id)
      })
      return reply.code(204).send()
    })
  })
}

function bearerOf(request: FastifyRequest, prefix: string): string {
  const given = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (!given?.startsWith(prefix) || given.length > 200) throw new Fault('tokens.registration_token_invalid')
  return given
}

function bodyOf(request: FastifyRequest): Metadata {
  try {
    const body = JSON.parse(String(request.body))
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body
  } catch {
    // Told below, alike.
  }
  throw new Fault('tokens.client_metadata_invalid', { detail: 'the body must be a JSON object' })
}

/** In the words of RFC 7591 §3.2.2 and RFC 6750 §3. */
function sendError(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  reply.header('cache-control', 'no-store').type('application/json; charset=utf-8')
  if (isFault(error, 'tokens.registration_token_invalid'))
    return reply.code(401).header('www-authenticate', 'Bearer error="invalid_token"').send({ error: 'invalid_token' })
  if (isFault(error) && error.status < 500) {
    const code = /^\/redirectUris/.test(error.detail ?? '') ? 'invalid_redirect_uri' : 'invalid_client_metadata'
    return reply.code(400).send({ error: code, error_description: error.detail ?? error.says })
  }
  const status = (error as { statusCode?: number }).statusCode ?? 500
  if (status < 500) return reply.code(400).send({ error: 'invalid_client_metadata' })
  request.log.error({ err: error }, 'A registration failed')
  return reply.code(isFault(error) ? error.status : 500).send({ error: 'temporarily_unavailable' })
}
