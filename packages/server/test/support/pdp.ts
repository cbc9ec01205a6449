// A decision point on a directory of its own: one application with a bundle, asked over HTTP.
import assert from 'node:assert/strict'
import type { EntityUid } from '#authorization'
import type { Web } from '#web'
import type { EntityJson } from '../../src/authorization/entities/source.ts'
import { bundleOf, inHouse, type TestBundle, type TestHouse } from './authorization.ts'
import type { Scratch } from './engines.ts'

export interface Answer {
  readonly status: number
  readonly headers: Record<string, unknown>
  // biome-ignore lint/suspicious/noExplicitAny: an answer of any kind, looked at by tests
  readonly body: any
}

export interface Pdp {
  readonly house: TestHouse
  readonly web: Web
  /** What is asked unless a request says otherwise; it also asks. */
  readonly application: EntityUid
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  /** Puts resources of the application. */
  push(...put: EntityJson[]): Promise<void>
  /** Grants a role of the application, or with `builtin` one of Gatehouse's own. */
  grant(role: string, principal: EntityUid, resource: EntityUid, kind?: 'builtin'): Promise<void>
}

export const inPdp = (scratch: Scratch, bundle: TestBundle, body: (pdp: Pdp) => Promise<void>) =>
  inHouse(scratch, async (house) => {
    const application = await house.application()
    await house.activate(bundleOf(application, house.home, bundle))
    const web = await house.web()
    try {
      await body({ house, web, application, ...asking(web, application) })
    } finally {
      await web.app.close()
    }
  })

/** The same questions in the name of an application. */
export function asking(web: Web, application: EntityUid): Pick<Pdp, 'post' | 'get' | 'push' | 'grant'> {
  const actor = { 'x-test-actor': `Application ${application.id}` }
  const post: Pdp['post'] = async (url, given, headers = {}) => {
    const payload = typeof given === 'string' ? given : JSON.stringify(given)
    const sent = { 'content-type': 'application/json', ...actor, ...headers }
    const reply = await web.app.inject({ method: 'POST', url, headers: sent, payload })
    return { status: reply.statusCode, body: reply.json(), headers: reply.headers }
  }
  const get: Pdp['get'] = async (url, headers = {}) => {
    const reply = await web.app.inject({ method: 'GET', url, headers: { ...actor, ...headers } })
    return { status: reply.statusCode, body: reply.json(), headers: reply.headers }
  }
  const system = async (url: string, payload: object) => {
    const answered = await post(url, payload, { 'x-test-actor': 'System test' })
    assert.ok(answered.status < 300, JSON.stringify(answered.body))
  }
  return {
    post,
    get,
    push: (...put) => system(`/api/applications/${application.id}/entities`, { put }),
    grant: (role, principal, resource, kind) => {
      const of = kind === 'builtin' ? {} : { applicationId: application.id }
      return system('/api/grants', { ...of, role, principal, resource, why: 'test' })
    },
  }
}

export const entity = (
  type: string,
  id: string,
  attrs: EntityJson['attrs'] = {},
  parents: EntityUid[] = [],
): EntityJson => ({
  uid: { type, id },
  attrs,
  parents,
})
