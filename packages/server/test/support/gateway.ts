// A gateway in front of one application, on a directory of its own.

import type { LightMyRequestResponse } from 'fastify'
import { gatewayPages } from '#authentication'
import type { UserId } from '#kernel'
import type { Web } from '#web'
import type { Acting } from '../../src/authorization/entities/actors.ts'
import type { EntityUid } from '../../src/authorization/entities/source.ts'
import type { EdgeRates } from '../../src/authorization/forward-auth/edge-limits.ts'
import type { GatewaySession, ProtectedApplication } from '../../src/authorization/forward-auth/ports.ts'
import { bundleOf, inHouse, type TestBundle, type TestHouse } from './authorization.ts'
import type { Scratch } from './engines.ts'

/** Pages at gateways without a brand. */
export const ownPages = gatewayPages(async () => undefined)

export const origin = 'https://docs.example.com'

export interface Gateway {
  readonly house: TestHouse
  readonly alice: EntityUid
  readonly application: EntityUid
  readonly web: Web
  readonly sessions: Map<string, GatewaySession>
  /** A token for each known subject is `token-<subject>`, or `token-<subject>.<actor>…`, with `~<acr>` after it for that of its sign-in. */
  ask(target: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  get(url: string, headers?: Record<string, string>): Promise<LightMyRequestResponse>
  /** Tells the feed that a session ended. */
  end(id: string): Promise<void>
}

export const atGateway = (
  scratch: Scratch,
  bundle: TestBundle,
  body: (gateway: Gateway) => Promise<void>,
  options: { readonly rates?: EdgeRates; readonly trustedProxies?: readonly string[] } = {},
) =>
  inHouse(scratch, async (house) => {
    const application = await house.application()
    const alice = await house.user()
    await house.activate(bundleOf(application, house.home, bundle))
    const web = await house.web(options.trustedProxies)
    const sessions = new Map<string, GatewaySession>()
    const it: ProtectedApplication = {
      id: application.id as ProtectedApplication['id'],
      organizationId: house.home,
      name: 'Documents',
      origins: [origin],
      routes: [
        { method: 'GET', path: '/documents/:id', action: 'read', resource: 'Document::"{id}"' },
        { method: 'PUT', path: '/documents/:id', action: 'write', resource: 'Document::"{id}"' },
      ],
    }
    const read = (token: string, audience: string) => {
      const [, ids, acr] = /^token-([^~]*)(?:~(.*))?$/.exec(token) ?? []
      if (ids === undefined || audience !== it.id) return undefined
      const [sub = '', ...actors] = ids.split('.')
      const act = actors.reduceRight<Acting | undefined>(
        (inner, id) => ({ sub: id, ...(inner && { act: inner }) }),
        undefined,
      )
      return { sub, ...(act && { act }), ...(acr !== undefined && { acr }) }
    }
    await house.authorization.attachGateway(web, {
      applications: {
        async *loadAll() {
          yield it
        },
        load: async (_, id) => (id === it.id ? it : undefined),
      },
      sessions: {
        ofRequest: async (request) => sessions.get(request.cookies['gatehouse-session'] ?? ''),
        find: async (id) => sessions.get(id),
      },
      tokens: {
        verify: ({ request }, audience) => {
          const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
          return token === undefined ? 'none' : read(token, audience)
        },
        read,
      },
      keyring: house.keyring,
      pages: ownPages,
      ...(options.rates !== undefined && { rates: options.rates }),
    })
    const get = (url: string, headers: Record<string, string> = {}) => web.app.inject({ method: 'GET', url, headers })
    const ask: Gateway['ask'] = (target, headers = {}) =>
      get('/forward-auth', {
        'x-forwarded-method': 'GET',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'docs.example.com',
        'x-forwarded-uri': target,
        ...headers,
      })
    const end = async (id: string) => {
      sessions.delete(id)
      await house.touch({ type: 'Session', id })
    }
    try {
      await body({ house, alice, application, web, sessions, ask, get, end })
    } finally {
      await web.app.close()
    }
  })

export const session = (alice: EntityUid): GatewaySession => ({
  id: 'ses_1',
  userId: alice.id as UserId,
  expiresAtMs: 2_000_000_000_000,
  amr: ['pwd'],
})
export const browser = { accept: 'text/html,*/*' }
export const cookieOf = (reply: LightMyRequestResponse, name: string) => reply.cookies.find((one) => one.name === name)
export const setCookie = (reply: LightMyRequestResponse) => {
  const lines = [reply.headers['set-cookie'] ?? []].flat()
  return Object.fromEntries(lines.map((line) => (line.split(';')[0] as string).split('=') as [string, string]))
}
