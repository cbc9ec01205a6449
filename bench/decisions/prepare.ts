import { fileURLToPath } from 'node:url'
import { gatehouse, gatehouseJson } from '../../examples/story/command.ts'
import { machineToken } from '../../examples/story/tokens.ts'
import { prepareRequest } from '../support/connection.ts'

export const acme = fileURLToPath(new URL('../../examples/acme', import.meta.url))
const path = '/access/v1/evaluation'

/** What a load of decisions needs. */
export interface Prepared {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly applicationId: string
  readonly request: (index: number) => Buffer
  readonly requestTo: (base: URL) => (index: number) => Buffer
  readonly accept: (status: number, body: string) => boolean
}

/** Acme's policies, and a machine that may ask about them: half of what it asks is allowed. */
export async function prepareDecisions(
  url: string,
  data: string,
  given: { readonly applied?: boolean } = {},
): Promise<Prepared> {
  if (given.applied !== true) {
    const applied = await gatehouse(data, 'apply', acme)
    if (applied.code !== 0) throw new Error(applied.stderr)
  }
  const app = await gatehouseJson<{ id: string }>(data, 'app', 'show', 'acme/documents')
  const grant = [
    '--role',
    'decider',
    '--to',
    'machine:acme/archiver',
    '--on',
    `Application:${app.id}`,
    '--why',
    'bench',
  ]
  if (given.applied !== true) await gatehouseJson(data, 'grant', 'create', ...grant)
  const { clientId, secret } = await gatehouseJson<{ clientId: string; secret: string }>(
    data,
    'machine',
    'secret',
    'acme/archiver',
  )
  const token = await machineToken(url, clientId, secret, url)
  const headers = {
    'Content-Type': 'application/json',
    Authorization: `Bearer ${token}`,
    'Gatehouse-Application': app.id,
  }
  const bodies = ['alice', 'bob'].map((id) =>
    JSON.stringify({
      subject: { type: 'user', id },
      action: { name: 'read' },
      resource: { type: 'document', id: 'budget' },
    }),
  )
  const requestTo = (base: URL) => {
    const prepared = bodies.map((body) => prepareRequest(new URL(path, base), { headers, body }))
    return (index: number) => prepared[index % prepared.length] as Buffer
  }
  const target = new URL(url.replace('localhost', '127.0.0.1'))
  const accept = (status: number, body: string) => status === 200 && body.startsWith('{"decision":')
  return { url: target, request: requestTo(target), requestTo, accept, headers, applicationId: app.id }
}
