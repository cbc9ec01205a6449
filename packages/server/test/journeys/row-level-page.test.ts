import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import pg from 'pg'
import { inAcme } from '../support/acme-house.ts'
import { onEachEngine, type Scratch } from '../support/engines.ts'
import { runPageExamples } from '../support/page-examples.ts'

const page = readFileSync(new URL('../../../../docs/row-level-access.md', import.meta.url), 'utf8')

interface Rows {
  run(script: string): Promise<void>
  ids(query: string, parameters: unknown[]): Promise<string[]>
  close(): Promise<void>
}

/** The application's own tables: beside the server's on PostgreSQL, in a database of their own on SQLite. */
async function openRows({ address }: Scratch): Promise<Rows> {
  if (address.engine === 'sqlite') {
    const db = new DatabaseSync(':memory:')
    return {
      run: async (script) => db.exec(script),
      ids: async (query, parameters) =>
        db
          .prepare(query)
          .all(...(parameters as never[]))
          .map(({ id }) => String(id)),
      close: async () => db.close(),
    }
  }
  const client = new pg.Client({ connectionString: address.url.reveal() })
  await client.connect()
  return {
    run: async (script) => void (await client.query(script)),
    ids: async (query, parameters) => (await client.query(query, parameters)).rows.map(({ id }) => id),
    close: () => client.end(),
  }
}

onEachEngine('the worked example of docs/row-level-access.md finds the rows that decisions allow', (scratch) =>
  inAcme(scratch, async ({ api, applicationId, token, idOf }) => {
    const rows = await openRows(scratch)
    try {
      const bob = await idOf('users', 'bob')
      const script = /```sql\n([^`]*)```/.exec(page)?.[1] as string
      await rows.run(script.replace('{bob.id}', bob))
      const as = { headers: { authorization: `Bearer ${token}` }, actor: null }
      let asked: Record<string, unknown> = {}
      // The page speaks of PostgreSQL; on SQLite the same request has the other dialect.
      const dialect = scratch.address.engine === 'sqlite' ? 'sqlite' : 'postgresql'
      const call = async (method: string, path: string, body: unknown) => {
        asked = { ...(body as object), sql: { ...(body as { sql: object }).sql, dialect } }
        const answered = await api.call(method, path, asked, as)
        answer = answered.body
        return answered
      }
      let answer: { sql: { where: string; parameters: unknown[] } } | undefined
      await runPageExamples(page, call)
      const select = /`(select id from documents where )\$\{sql\.where\}( order by id)`/.exec(
        page,
      ) as unknown as string[]
      const find = (sql: { where: string; parameters: unknown[] }) =>
        rows.ids(`${select[1]}${sql.where}${select[2]}`, sql.parameters)
      assert.ok(answer !== undefined && !answer.sql.where.includes(bob), 'values are parameters')
      const found = await find(answer.sql)
      assert.equal(found.join(', '), /\/\/ (.*)/.exec(page)?.[1])

      // What decisions say of the same rows, were they the application's resources.
      const put = [
        { id: 'welcome', classification: 'internal', in: 'handbook' },
        { id: 'roadmap', classification: 'confidential', in: 'handbook' },
        { id: 'minutes', classification: 'internal', in: 'board' },
        { id: 'diary', classification: 'internal', owner: bob },
      ].map((row) => ({
        uid: { type: 'Document', id: row.id },
        attrs: {
          title: row.id,
          classification: row.classification,
          ...(row.owner !== undefined && { owner: { __entity: { type: 'User', id: row.owner } } }),
        },
        parents: row.in === undefined ? [] : [{ type: 'Folder', id: row.in }],
      }))
      assert.equal((await api.call('POST', `/api/applications/${applicationId}/entities`, { put })).status, 200)
      for (const name of ['alice', 'bob', 'carol', 'dana']) {
        const subject = { type: 'user', id: name }
        const action = { name: 'read' }
        const evaluations = put.map(({ uid }) => ({ resource: { type: 'document', id: uid.id } }))
        const decided = await api.call('POST', '/access/v1/evaluations', { subject, action, evaluations }, as)
        const allowed = put.filter((_, at) => decided.body.evaluations[at].decision).map(({ uid }) => uid.id)
        const planned = await api.call('POST', '/access/v1/plan', { ...asked, subject }, as)
        assert.deepEqual(await find(planned.body.sql), allowed.sort(), name)
      }
    } finally {
      await rows.close()
    }
  }),
)
