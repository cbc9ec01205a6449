import { readFileSync } from 'node:fs'
import { inAcme } from '../support/acme-house.ts'
import { onEachEngine } from '../support/engines.ts'
import { runPageExamples } from '../support/page-examples.ts'

const page = readFileSync(new URL('../../../../docs/authorization.md', import.meta.url), 'utf8')

onEachEngine('the examples of docs/authorization.md do what the page says', (scratch) =>
  inAcme(scratch, async ({ api, applicationId, token, idOf }) => {
    const known = new Map<string, Record<string, unknown>>([
      ['docs', { id: applicationId }],
      ['bob', { id: await idOf('users', 'bob') }],
    ])
    const asApplication = { headers: { authorization: `Bearer ${token}` }, actor: null }
    const call: Parameters<typeof runPageExamples>[1] = (method, path, body) =>
      path.startsWith('/access/') ? api.call(method, path, body, asApplication) : api.call(method, path, body)
    await runPageExamples(page, call, known)
  }),
)
