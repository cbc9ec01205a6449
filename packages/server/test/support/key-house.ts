import assert from 'node:assert/strict'
import type { Scratch } from './engines.ts'
import { type House, inServer, until } from './house.ts'
import { type Api, apiOf, FormBrowser, makeUser } from './people.ts'

export const origin = 'https://docs.example.com'

const schema = `namespace Docs {
  entity Document;
  action "read", "write" appliesTo { principal: [User, Machine], resource: [Document] };
}
`
const files = {
  'schema.cedarschema': schema,
  'policies/all.cedar': '@id("all")\npermit (principal, action, resource);\n',
}

export interface KeyHouse extends House {
  readonly home: string
  /** The application `docs` behind a gateway: GET is `read`, PUT is `write`, and its policies permit everything. */
  readonly docs: string
  readonly alice: string
  /** The API as alice, signed in. */
  readonly asAlice: Api
  readonly machine: string
  /** What a gateway is told of a request with this key. */
  ask(key: string, method?: string): Promise<{ status: number; reason: string | null; subject: string | null }>
  /** Our own API with this key. */
  call(key: string, method: string, path: string, body?: unknown): Promise<{ status: number; code: string | undefined }>
}

/** A whole server with an application behind a gateway, a person and a machine. */
export const inKeyHouse = (scratch: Scratch, body: (house: KeyHouse) => Promise<void>): Promise<void> =>
  inServer(scratch, async (house) => {
    const { server, api } = house
    const home = (await api('GET', '/api/organizations')).body.items[0].id
    const alice = await makeUser(api, 'alice')
    const routes = [
      { method: 'GET', path: '/d/:id', action: 'read', resource: 'Docs::Document::"{id}"' },
      { method: 'PUT', path: '/d/:id', action: 'write', resource: 'Docs::Document::"{id}"' },
    ]
    const made = await api('POST', '/api/applications', {
      organizationId: home,
      name: 'docs',
      kind: 'service',
      origins: [origin],
      routes,
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const docs = made.body.id as string
    const applied = await api('PUT', `/api/applications/${docs}/policies`, { files })
    assert.equal(applied.status, 200, JSON.stringify(applied.body))
    const machine = await api('POST', '/api/machines', { organizationId: home, name: 'robot', owner: alice })
    assert.equal(machine.status, 201, JSON.stringify(machine.body))
    const browser = await new FormBrowser(server.url).signIn('alice')
    const ask: KeyHouse['ask'] = async (key, method = 'GET') => {
      const response = await fetch(`${server.url}/forward-auth`, {
        headers: {
          authorization: `Bearer ${key}`,
          'x-forwarded-method': method,
          'x-forwarded-proto': 'https',
          'x-forwarded-host': new URL(origin).host,
          'x-forwarded-uri': '/d/1',
        },
      })
      await response.arrayBuffer()
      const { headers, status } = response
      return { status, reason: headers.get('gatehouse-reason'), subject: headers.get('gatehouse-subject') }
    }
    const call: KeyHouse['call'] = async (key, method, path, body) => {
      const response = await fetch(server.url + path, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, code: text.startsWith('{') ? JSON.parse(text).code : undefined }
    }
    const it = { ...house, home, docs, alice, asAlice: apiOf(server, browser), machine: machine.body.id, ask, call }
    await until(
      async () =>
        (await ask('none')).reason === null && server.authorization.snapshot.application(docs as never) !== undefined,
    )
    await body(it)
  })
