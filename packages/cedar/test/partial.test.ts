import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import fc from 'fast-check'
import { CompiledQuery, sql } from 'kysely'
import {
  CedarError,
  Entities,
  entityFromJson,
  formatPartial,
  layered,
  type PartialJson,
  PolicySet,
  partialToJson,
  stringifyJson,
} from '../src/index.ts'
import { toWhere } from '../src/partial-sql.ts'
import { toSql } from '../src/partial-statement.ts'
import { type Opened, openPostgres, openSqlite } from './databases.ts'
import { directory, makePolicies, makeRows, type Row, rowEntity } from './generate-rows.ts'
import { mapping } from './row-mapping.ts'
import { Tape } from './tape.ts'

async function createTables({ db, dialect }: Opened): Promise<void> {
  const bool = sql.raw(dialect === 'sqlite' ? 'integer' : 'boolean')
  const text = sql.raw(dialect === 'sqlite' ? 'text' : 'text collate "C"')
  await sql`create table doc (id ${text} primary key, owner ${text} not null, editor ${text}, team ${text}, level bigint not null,
    "limit" bigint, open ${bool} not null, frozen ${bool}, title ${text} not null, note ${text}, due bigint, price bigint not null)`.execute(
    db,
  )
  await sql`create table folder (doc_id ${text} not null, type ${text} not null, id ${text} not null)`.execute(db)
}

async function fill({ db }: Opened, rows: readonly Row[]): Promise<void> {
  await db.deleteFrom('doc').execute()
  await db.deleteFrom('folder').execute()
  await db
    .insertInto('doc')
    .values(rows.map(({ folders: _, ...row }) => row))
    .execute()
  const lines = rows.flatMap(({ id, folders }) => folders.map((folder) => ({ doc_id: id, type: 'Folder', id: folder })))
  await db.insertInto('folder').values(lines).execute()
}

for (const open of [openSqlite, openPostgres]) {
  describe(`toWhere on ${open === openSqlite ? 'SQLite' : 'PostgreSQL'}`, () => {
    let opened: Opened
    before(async () => {
      opened = await open()
      await createTables(opened)
    })
    after(() => opened.close())

    test('keeps exactly the rows that a decision allows', { timeout: 60_000 }, async () => {
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
        const where = toWhere(partial, mapping(opened.dialect), people)
        const found = await opened.db.selectFrom('doc').select('id').where(where).orderBy('id').execute()
        const documents = Entities.fromJson(rows.map(rowEntity))
        const view = layered(documents, people)
        const allowed = rows.filter(
          ({ id }) => policies.authorize({ ...asked, resource: { type: 'Doc', id } }, view).decision === 'allow',
        )
        assert.deepEqual(
          found.map(({ id }) => id),
          allowed.map(({ id }) => id).sort(),
          `${text}\n→\n${formatPartial(partial)}`,
        )
        // The same as text with parameters, and as JSON read again as policies.
        const statement = toSql(partial, mapping(opened.dialect), people)
        const query = CompiledQuery.raw(`select id from doc where ${statement.sql} order by id`, [
          ...statement.parameters,
        ])
        assert.deepEqual((await opened.db.executeQuery(query)).rows, found)
        const again = readAgain(partialToJson(partial))
        for (const { id } of rows)
          assert.equal(
            again?.authorize({ ...asked, resource: { type: 'Doc', id } }, view).decision ?? 'allow',
            again === undefined || allowed.some((row) => row.id === id) ? 'allow' : 'deny',
          )
        kept += found.length
        left += rows.length - found.length
      })
      await fc.assert(property, { numRuns: 400, interruptAfterTimeLimit: 12_000 })
      assert.ok(kept > 50 && left > 50, `too little was compared: ${kept} rows kept, ${left} left out`)
    })

    test('thousands of single grants become one list of ids', async () => {
      const policies = PolicySet.parse('@id("t") permit(principal == ?principal, action, resource == ?resource);', {
        ids: 'annotation',
      })
      for (let at = 0; at < 3000; at++)
        policies.link({
          template: 't',
          id: `l${at}`,
          principal: { type: 'User', id: at % 2 ? 'ann' : 'bob' },
          resource: { type: 'Doc', id: `d${at}` },
        })
      await fill(opened, makeRows(new Tape([]), 6))
      const nobody = Entities.fromJson([])
      const request = {
        principal: { type: 'User', id: 'ann' },
        action: { type: 'Action', id: 'read' },
        resourceType: 'Doc',
      }
      const where = toWhere(policies.partial(request, nobody), mapping(opened.dialect), nobody)
      const found = await opened.db.selectFrom('doc').select('id').where(where).orderBy('id').execute()
      assert.deepEqual(
        found.map(({ id }) => id),
        ['d1', 'd3', 'd5'],
      )
    })
  })
}

/** Policies of what is left; undefined where something of it can only err, which Cedar's JSON cannot say. */
function readAgain(left: PartialJson): PolicySet | undefined {
  if (stringifyJson(left).includes('"error":')) return undefined
  const policies = (effect: string, all: PartialJson['permits']) =>
    all.map(({ policy, conditions }) => [
      policy,
      {
        effect,
        principal: { op: 'All' },
        action: { op: 'All' },
        resource: { op: 'All' },
        conditions: conditions.map((body) => ({ kind: 'when', body })),
      },
    ])
  const all = [...policies('permit', left.permits), ...policies('forbid', left.forbids)]
  return PolicySet.fromJson({ staticPolicies: Object.fromEntries(all) })
}

test('toSql on MySQL: texts compare byte by byte beside the comparison that an index serves', () => {
  const nobody = Entities.fromJson([])
  const request = {
    principal: { type: 'User', id: 'ann' },
    action: { type: 'Action', id: 'read' },
    resourceType: 'Doc',
  }
  const say = (text: string) => toSql(PolicySet.parse(text).partial(request, nobody), mapping('mysql'), nobody)
  assert.deepEqual(say('permit(principal, action, resource) when { resource.title == "a" && resource.open };'), {
    sql: '(((`doc`.`title` = ? and cast(`doc`.`title` as binary) = cast(? as binary)) and `doc`.`open` = ?) and not 1 = 0)',
    parameters: ['a', 'a', 1],
  })
  assert.deepEqual(say('permit(principal, action, resource == Doc::"d1");'), {
    sql: '((`doc`.`id` in (?) and cast(`doc`.`id` as binary) in (cast(? as binary))) and not 1 = 0)',
    parameters: ['d1', 'd1'],
  })
  assert.deepEqual(say('permit(principal, action, resource) when { resource.title like "50%*!_" };'), {
    sql: "(cast(`doc`.`title` as binary) like cast(? as binary) escape '!' and not 1 = 0)",
    parameters: ['50!%%!!!_'],
  })
})

test('toWhere: what SQL cannot say is refused, never left out', () => {
  const nobody = Entities.fromJson([])
  const request = {
    principal: { type: 'User', id: 'ann' },
    action: { type: 'Action', id: 'read' },
    resourceType: 'Doc',
  }
  for (const body of [
    'resource.unknown == 1',
    'resource.level + 1 == 2',
    'resource.hasTag("x")',
    'ip(resource.title).isIpv4()',
  ]) {
    const policies = PolicySet.parse(
      `permit(principal, action, resource); forbid(principal, action, resource) when { ${body} };`,
    )
    const where = toWhere(policies.partial(request, nobody), mapping('sqlite'), nobody)
    const builder = { ref: () => ({}), and: () => ({}), or: () => ({}), not: () => ({}) }
    assert.throws(
      () => where(builder as never),
      (error) => error instanceof CedarError && error.code === 'unsupported',
      body,
    )
  }
})

test('partial: what does not speak of the resource is gone', () => {
  const people = Entities.fromJson(directory)
  const policies =
    PolicySet.parse(`permit(principal in Group::"g1", action, resource) when { principal.level > 1 && resource.owner == principal };
    permit(principal in Group::"g2", action, resource);
    permit(principal, action == Action::"write", resource);
    forbid(principal, action, resource) when { context.none && resource.open };
    permit(principal, action, resource is Folder);`)
  const request = {
    principal: { type: 'User', id: 'ann' },
    action: { type: 'Action', id: 'read' },
    resourceType: 'Doc',
  }
  const left = formatPartial(policies.partial(request, people))
  assert.equal(left, '// policy0\npermit when { resource.owner == User::"ann" };')
  const own = entityFromJson({
    uid: { type: 'Doc', id: 'd' },
    attrs: { owner: { __entity: { type: 'User', id: 'ann' } } },
    parents: [],
  })
  const view = layered({ find: (type, id) => (type === 'Doc' && id === 'd' ? own : undefined) }, people)
  assert.equal(policies.authorize({ ...request, resource: { type: 'Doc', id: 'd' } }, view).decision, 'allow')
})
