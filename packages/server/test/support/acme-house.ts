import assert from 'node:assert/strict'
import { acmeFiles } from './acme.ts'
import { type Api, startApi } from './api.ts'
import type { Scratch } from './engines.ts'

export const acmeOrigin = 'http://documents.localhost:9080'

/** What a gateway says of a request it asks about. */
export const question = (path: string) => ({
  'x-forwarded-method': 'GET',
  'x-forwarded-proto': 'http',
  'x-forwarded-host': new URL(acmeOrigin).host,
  'x-forwarded-uri': path,
})

export interface AcmeClient {
  /** The application `documents`. */
  readonly applicationId: string
  readonly secret: string
}

/** Applies examples/acme and gives its application `documents` a secret. */
export async function applyAcme(api: Api): Promise<AcmeClient & { readonly organizationId: string }> {
  const files = acmeFiles()
  const plan = await api.call('POST', '/api/configuration/plan', { files })
  assert.equal(plan.status, 200, JSON.stringify(plan.body))
  const applied = await api.call('POST', '/api/configuration/apply', { files, fingerprint: plan.body.fingerprint })
  assert.equal(applied.status, 200, JSON.stringify(applied.body))
  const organizations = await api.call('GET', '/api/organizations')
  const acme = organizations.body.items.find((one: { name: string }) => one.name === 'acme')
  const applications = await api.call('GET', `/api/applications?organizationId=${acme.id}`)
  const applicationId = applications.body.items[0].id
  const changed = await api.call('PATCH', `/api/applications/${applicationId}`, { grantTypes: ['client_credentials'] })
  assert.equal(changed.status, 200, JSON.stringify(changed.body))
  const issued = await api.call('POST', `/api/applications/${applicationId}/secrets`, {})
  assert.equal(issued.status, 201, JSON.stringify(issued.body))
  return { organizationId: acme.id, applicationId, secret: issued.body.secret }
}

/** The application's own token, as client credentials give it. */
export async function tokenOf(url: string, { applicationId, secret }: AcmeClient): Promise<string> {
  const answered = await fetch(`${url}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${applicationId}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  })
  return ((await answered.json()) as { access_token: string }).access_token
}

export interface Acme {
  readonly api: Api
  readonly applicationId: string
  /** The application's own token, as client credentials give it. */
  readonly token: string
  idOf(kind: 'users' | 'machines', name: string): Promise<string>
  ask(path: string, headers?: Record<string, string>): Promise<Response>
}

/** Runs `body` in a server that has the example company. */
export const inAcme = async (scratch: Scratch, body: (acme: Acme) => Promise<void>) => {
  const api = await startApi(scratch)
  try {
    const client = await applyAcme(api)
    const token = await tokenOf(api.url, client)
    const idOf: Acme['idOf'] = async (kind, name) => {
      const { body: page } = await api.call('GET', `/api/${kind}?organizationId=${client.organizationId}`)
      return page.items.find((one: Record<string, string>) => one.username === name || one.name === name).id
    }
    const ask: Acme['ask'] = (path, headers = {}) =>
      fetch(`${api.url}/forward-auth`, {
        redirect: 'manual',
        headers: { ...question(path), ...headers },
      })
    await body({ api, applicationId: client.applicationId, token, idOf, ask })
  } finally {
    await api.close()
  }
}
