import { parseOrganizationId, visibleOrganizations } from '#directory'
import { Fault, type Static, Type } from '#kernel'
import type { Written } from '#storage'
import { Answer, makeCursor, type Operation, operation, pageDefault, pageMost, readCursor } from '#web'
import { listApiKeys } from './api-key.store.ts'
import { type ApiKey, apiKeyLifetimes, ownApi, stateOf } from './api-key.ts'
import type { IssueApiKeyDeps } from './issue-api-key.ts'
import { issueApiKey } from './issue-api-key.ts'
import { entityOf, requireOwner } from './owner.ts'
import { requireApiKey, revokeApiKey } from './revoke-api-key.ts'

export interface ApiKeyRoutesDeps extends IssueApiKeyDeps {
  /** Resolves once this node's memory has a change, so that a key works, or no longer does, as soon as its asker is told. */
  readonly settled: (at: Written<unknown>['at']) => Promise<void>
}

const closed = { additionalProperties: false }
const time = Type.Integer({ description: 'Milliseconds since the Unix epoch' })
const view = Type.Object(
  {
    id: Type.String(),
    organizationId: Type.String(),
    owner: Type.String({ description: 'The person or machine that it speaks for' }),
    name: Type.String(),
    applications: Type.Array(Type.String()),
    scopes: Type.Array(Type.String()),
    state: Type.Unsafe<'active' | 'expired' | 'revoked'>({ type: 'string', enum: ['active', 'expired', 'revoked'] }),
    issuedAtMs: time,
    expiresAtMs: time,
    usedAtMs: Type.Optional(Type.Integer({ description: 'Last use, to the quarter of an hour' })),
    revokedAtMs: Type.Optional(time),
  },
  closed,
)
const params = Type.Object({ apiKeyId: Type.String({ maxLength: 100 }) }, closed)
const text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$', description })

/** API keys over HTTP: made, listed, ended. */
export function apiKeyOperations(deps: ApiKeyRoutesDeps): Operation[] {
  const { storage, clock, gate } = deps
  const show = (key: ApiKey): Static<typeof view> => {
    const { acr: _, usedAtMs, revokedAtMs, ...rest } = key
    return {
      ...rest,
      applications: [...key.applications],
      scopes: [...key.scopes],
      state: stateOf(key, clock.nowMs()),
      ...(usedAtMs !== undefined && { usedAtMs }),
      ...(revokedAtMs !== undefined && { revokedAtMs }),
    }
  }
  return [
    operation({
      id: 'apiKeys.issue',
      method: 'POST',
      url: '/api/api-keys',
      summary: 'Make an API key, shown this once; of oneself, or of a machine',
      access: { kind: 'action', action: 'issueApiKey' },
      schemas: {
        body: Type.Object(
          {
            owner: Type.Optional(text(100, 'Id of the person or machine it speaks for; default: the one who asks')),
            name: text(100, 'What it is for'),
            applications: Type.Array(text(100, `Id of an application, or ${ownApi} for this API`), {
              minItems: 1,
              maxItems: 20,
              description: 'Where it counts',
            }),
            scopes: Type.Optional(
              Type.Array(text(128, 'An action'), {
                maxItems: 100,
                description: 'The only actions it is for; for this API at least one, or gatehouse for all',
              }),
            ),
            validSeconds: Type.Optional(
              Type.Integer({ minimum: 60, maximum: apiKeyLifetimes.most, description: 'Default 90 days' }),
            ),
          },
          closed,
        ),
        reply: Type.Object({ key: view, secret: Type.String({ description: 'Shown this once' }) }, closed),
      },
      handle: async ({ act, body }) => {
        const owner = body.owner ?? ('id' in act.actor ? act.actor.id : undefined)
        if (owner === undefined) throw new Fault('tokens.principal_unknown')
        const { value, at } = await issueApiKey(deps, act, { ...body, owner })
        await deps.settled(at)
        const location = `/api/api-keys/${value.key.id}`
        return new Answer({ key: show(value.key), secret: value.secret.reveal() }, { status: 201, at, location })
      },
    }),
    operation({
      id: 'apiKeys.list',
      method: 'GET',
      url: '/api/api-keys',
      summary: 'API keys of an owner, or those of the organizations you may see, in the order of their making',
      access: { kind: 'action', action: 'viewApiKey' },
      schemas: {
        query: Type.Object(
          {
            owner: Type.Optional(text(100, 'Id of a person or machine')),
            organizationId: Type.Optional(text(100, 'Only of this organization')),
            live: Type.Optional(Type.Unsafe<'true'>({ type: 'string', enum: ['true'] })),
            limit: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$' })),
            cursor: Type.Optional(Type.String({ maxLength: 2_000 })),
          },
          closed,
        ),
        reply: Type.Object({ items: Type.Array(view), next: Type.Optional(Type.String()) }, closed),
      },
      handle: async ({ act, query }) => {
        const limit = Math.min(Number(query.limit ?? pageDefault), pageMost)
        const after = query.cursor === undefined ? '' : (readCursor('api-keys', query.cursor, ['string'])[0] as string)
        if (after.includes('\0')) throw new Fault('web.cursor_invalid')
        const liveAtMs = query.live === undefined ? undefined : clock.nowMs()
        let filter: Parameters<typeof listApiKeys>[1]
        if (query.owner === undefined) {
          const asked = query.organizationId === undefined ? undefined : parseOrganizationId(query.organizationId)
          filter = { organizationIds: await visibleOrganizations(deps, act, 'viewApiKey', asked), liveAtMs }
        } else {
          const owner = await requireOwner(storage.db, query.owner)
          gate.require(act, 'viewApiKey', entityOf(owner.id))
          filter = { owner: owner.id, liveAtMs }
        }
        const rows = await listApiKeys(storage.db, filter, after, limit + 1)
        const items = rows.slice(0, limit)
        const last = items.at(-1)
        const more = rows.length > limit && last !== undefined
        return { items: items.map(show), ...(more && { next: makeCursor('api-keys', [last.id]) }) }
      },
    }),
    operation({
      id: 'apiKeys.get',
      method: 'GET',
      url: '/api/api-keys/:apiKeyId',
      summary: 'One API key: what it is for, never what it is',
      access: { kind: 'action', action: 'viewApiKey' },
      schemas: { params, reply: view },
      handle: async ({ act, params }) => show(await requireApiKey(deps, act, params.apiKeyId)),
    }),
    operation({
      id: 'apiKeys.revoke',
      method: 'DELETE',
      url: '/api/api-keys/:apiKeyId',
      summary: 'End an API key at once and for good',
      access: { kind: 'action', action: 'revokeApiKey' },
      schemas: { params },
      handle: async ({ act, params }) => {
        const { at } = await revokeApiKey(deps, act, params.apiKeyId)
        await deps.settled(at)
        return new Answer(undefined, { at })
      },
    }),
  ]
}
