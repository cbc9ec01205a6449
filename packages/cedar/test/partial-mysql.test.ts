import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { Entities, formatPartial, layered, PolicySet } from '../src/index.ts'
import { toSql } from '../src/partial-statement.ts'
import { directory, makePolicies, makeRows, type Row, rowEntity } from './generate-rows.ts'
import { type Mariadb, openMariadb, withoutMariadb } from './mariadb.ts'
import { mapping } from './row-mapping.ts'
import { Tape } from './tape.ts'

// The usual collation: to it `A` is `a`, `é` is `e`, and blanks at the end are none.
const tables = [
  `create table doc (id varchar(64) primary key, owner varchar(64) not null, editor varchar(64), team varchar(64), level bigint not null,
    \`limit\` bigint, open boolean not null, frozen boolean, title varchar(64) not null, note varchar(64), due bigint, price bigint not null)`,
  'create table folder (doc_id varchar(64) not null, type varchar(64) not null, id varchar(64) not null)',
]

async function fill({ query }: Mariadb, rows: readonly Row[]): Promise<void> {
  await query('delete from doc')
  await query('delete from folder')
  const columns = Object.keys(rows[0] as Row).filter((name) => name !== 'folders') as (keyof Row)[]
  const places = (count: number) => `(${Array(count).fill('?').join(', ')})`
  const values = rows.flatMap((row) => columns.map((name) => row[name]))
  const names = columns.map((name) => `\`${name}\``).join(', ')
  await query(`insert into doc (${names}) values ${rows.map(() => places(columns.length)).join(', ')}`, values)
  const lines = rows.flatMap(({ id, folders }) => folders.map((folder) => [id, 'Folder', folder]))
  await query(`insert into folder values ${lines.map(() => places(3)).join(', ')}`, lines.flat())
}

describe('toSql on MariaDB, in the dialect of MySQL', { skip: withoutMariadb }, () => {
  let opened: Mariadb
  before(async () => {
    opened = await openMariadb()
    for (const table of tables) await opened.query(table)
  })
  after(() => opened.close())

  test('keeps exactly the rows that a decision allows', { timeout: 120_000 }, async () => {
    let kept = 0
    let left = 0
    const tape = fc.array(fc.nat(0xfffff), { minLength: 700, maxLength: 700 })
    const property = fc.asyncProperty(tape, async (choices) => {
      const source = new Tape(choices)
      const text = makePolicies(source)
      const rows = makeRows(source, 12)
      const policies = PolicySet.parse(text)
      const people = Entities.fromJson(directory)
      await fill(opened, rows)
      const asked = {
        principal: { type: 'User', id: source.pick(['ann', 'bob', 'eve']) },
        action: { type: 'Action', id: 'read' },
        context: { n: 1, s: 'a' },
      }
      const partial = policies.partial({ ...asked, resourceType: 'Doc' }, people)
      const { sql, parameters } = toSql(partial, mapping('mysql'), people)
      const found = await opened.query(`select id from doc where ${sql} order by id`, parameters)
      const view = layered(Entities.fromJson(rows.map(rowEntity)), people)
      const allowed = rows.filter(
        ({ id }) => policies.authorize({ ...asked, resource: { type: 'Doc', id } }, view).decision === 'allow',
      )
      assert.deepEqual(found, allowed.map(({ id }) => id).sort(), `${text}\n→\n${formatPartial(partial)}\n→\n${sql}`)
      kept += found.length
      left += rows.length - found.length
    })
    await fc.assert(property, { numRuns: 300, interruptAfterTimeLimit: 8_000 })
    assert.ok(kept > 50 && left > 50, `too little was compared: ${kept} rows kept, ${left} left out`)
  })

  test('texts that the collation takes for one are told apart, blanks at the end and an index on the column included', async () => {
    const base = makeRows(new Tape([]), 1)[0] as Row
    const titles = ['a', 'A', 'a ', 'á', 'a\u0000', 'a%', 'a_']
    await fill(
      opened,
      titles.map((title, at) => ({ ...base, id: `d${at}`, title })),
    )
    await opened.query('create index doc_by_title on doc (title)')
    const nobody = Entities.fromJson([])
    const asked = { principal: { type: 'User', id: 'ann' }, action: { type: 'Action', id: 'read' } }
    const rowsOf = async (condition: string) => {
      const policies = PolicySet.parse(`permit (principal, action, resource) when { ${condition} };`)
      const { sql, parameters } = toSql(
        policies.partial({ ...asked, resourceType: 'Doc' }, nobody),
        mapping('mysql'),
        nobody,
      )
      return opened.query(`select id from doc where ${sql} order by id`, parameters)
    }
    for (const [at, title] of titles.entries())
      assert.deepEqual(
        await rowsOf(`resource.title == ${JSON.stringify(title).replace('\\u0000', '\\0')}`),
        [`d${at}`],
        JSON.stringify(title),
      )
    assert.deepEqual(await rowsOf('resource.title like "a_"'), ['d6'])
    assert.deepEqual(await rowsOf('resource.title like "a%"'), ['d5'])
    assert.deepEqual(await rowsOf('["A", "x"].contains(resource.title)'), ['d1'])
  })
})
