import assert from 'node:assert/strict'
import fc from 'fast-check'
import { bundleOf, type TestBundle } from '../../test/support/authorization.ts'
import { onEachEngine } from '../../test/support/engines.ts'
import { asking, entity, inPdp } from '../../test/support/pdp.ts'
import type { EntityUid } from './entities/source.ts'

const bundle: TestBundle = {
  schema: `entity Folder in [Folder, User, Group, Organization]; entity Doc in [Folder] { open?: Bool, owner?: User };
    action read, write appliesTo { principal: [User, Machine], resource: [Doc] };`,
  policies: `@id("owner") permit (principal is User, action, resource is Doc) when { resource has owner && resource.owner == principal };
    @id("mine") permit (principal is User, action == Action::"read", resource is Doc) when { resource in principal };
    @id("house") permit (principal is User, action == Action::"read", resource is Doc) when { resource in principal.organization };
    @id("open") permit (principal is User, action == Action::"read", resource is Doc) when { resource has open && resource.open };
    @id("viewer") permit (principal in ?principal, action == Action::"read", resource in ?resource);
    @id("barred") forbid (principal in ?principal, action, resource in ?resource);`,
  manifest: { userNames: ['id', 'username', 'email'] },
}
const docs = ['d0', 'd1', 'd2']
const folders = ['f0', 'f1']
const system = { 'x-test-actor': 'System test' }

onEachEngine(
  'whatever one organization does, nothing that another can see, ask or find changes (property)',
  (scratch) =>
    inPdp(scratch, bundle, async ({ house, web, application, ...ours }) => {
      const theirs = await house.application(house.other)
      await house.activate(bundleOf(theirs, house.other, bundle))
      const foreign = asking(web, theirs)
      // Both have the same names for what is their own; users of each other are named as they are.
      const groups = [await house.group(), await house.group([], house.other)]
      const people: EntityUid[] = [await house.user({ groups: [groups[0] as EntityUid] }), await house.user()]
      const strangers: EntityUid[] = []
      for (const id of ['one', 'two'])
        strangers.push(await house.user({ organizationId: house.other, id: `${people[0]?.id.slice(0, -3)}${id}` }))
      for (const [of, app] of [
        [ours, application],
        [foreign, theirs],
      ] as const) {
        await of.grant('searcher', app, app, 'builtin')
        await of.push(
          ...folders.map((id) => entity('Folder', id)),
          ...docs.map((id) => entity('Doc', id, {}, [{ type: 'Folder', id: 'f0' }])),
        )
      }
      const parents = fc.constantFrom<EntityUid>(
        ...folders.map((id) => ({ type: 'Folder', id })),
        ...people,
        ...strangers,
        ...groups,
        { type: 'Organization', id: house.home },
        { type: 'Organization', id: house.other },
      )
      const change = fc.oneof(
        fc.record({
          kind: fc.constant('doc' as const),
          id: fc.constantFrom(...docs),
          open: fc.boolean(),
          owner: fc.constantFrom(...people, ...strangers),
          parent: fc.constantFrom(...folders),
        }),
        fc.record({ kind: fc.constant('folder' as const), id: fc.constantFrom(...folders), parent: parents }),
        fc.record({
          kind: fc.constant('grant' as const),
          role: fc.constantFrom('viewer', 'barred'),
          principal: fc.constantFrom(...people, ...strangers, ...groups),
          scope: parents,
        }),
        fc.record({
          kind: fc.constant('member' as const),
          who: fc.constantFrom(...strangers),
          active: fc.boolean(),
          of: fc.constantFrom(...groups),
        }),
        fc.record({ kind: fc.constant('bundle' as const), on: fc.boolean() }),
      )
      type Change = typeof change extends fc.Arbitrary<infer T> ? T : never
      const make = async (by: typeof ours, app: EntityUid, it: Change): Promise<void> => {
        const post = async (url: string, body: object) => {
          const { status } = await by.post(url, body, system)
          assert.ok(status < 300 || status === 422, `${url} ${status}`)
        }
        switch (it.kind) {
          case 'doc': {
            const owner = { __entity: it.owner }
            const put = [entity('Doc', it.id, { open: it.open, owner }, [{ type: 'Folder', id: it.parent }])]
            return post(`/api/applications/${app.id}/entities`, { put })
          }
          case 'folder':
            // What would make a cycle is refused.
            if (it.parent.type === 'Folder') return undefined
            return post(`/api/applications/${app.id}/entities`, { put: [entity('Folder', it.id, {}, [it.parent])] })
          case 'grant':
            return post('/api/grants', {
              applicationId: app.id,
              role: it.role,
              principal: it.principal,
              resource: it.scope,
              why: 'test',
            })
          case 'member':
            await house.user({ organizationId: house.other, id: it.who.id, active: it.active, groups: [it.of] })
            return undefined
          case 'bundle': {
            const made = bundleOf(app, house.other, bundle)
            const none = { ...made, hash: 'none', policies: '{"staticPolicies":{},"templates":{}}' }
            return house.activate(it.on ? made : none)
          }
        }
      }
      /** All that our application can be told. */
      const seen = async () => {
        const { post, get } = ours
        const names = [...people, ...strangers].flatMap(({ type, id }) => [
          { type, id },
          { type, id: `${id}@example.com` },
        ])
        const evaluations = names.flatMap((subject) =>
          docs.flatMap((id) =>
            ['read', 'write'].map((name) => ({ subject, action: { name }, resource: { type: 'Doc', id } })),
          ),
        )
        const found: unknown[] = []
        const keep = async (asked: Promise<{ status: number; body: unknown }>) => {
          const { status, body } = await asked
          assert.equal(status, 200)
          found.push(body)
        }
        await keep(post('/access/v1/evaluations', { evaluations, options: { explain: true } }))
        for (const subject of [people[0], strangers[0]]) {
          await keep(
            post('/access/v1/search/resource', { subject, action: { name: 'read' }, resource: { type: 'Doc' } }),
          )
          await keep(post('/access/v1/search/action', { subject, resource: { type: 'Doc', id: 'd0' } }))
          await keep(post('/access/v1/plan', { subject, action: { name: 'read' }, resource: { type: 'Doc' } }))
        }
        for (const type of ['User', 'Group', 'Organization', 'Application'])
          await keep(
            post('/access/v1/search/subject', {
              subject: { type },
              action: { name: 'read' },
              resource: { type: 'Doc', id: 'd0' },
            }),
          )
        await keep(get(`/api/applications/${application.id}/entities`))
        return found
      }
      let refused = 0
      let allowed = 0
      const property = fc.asyncProperty(
        fc.array(change, { minLength: 1, maxLength: 4 }),
        fc.option(change, { nil: undefined }),
        async (changes, own) => {
          // Our own state wanders too, so that what must not change is not always the same.
          if (own !== undefined && own.kind !== 'member' && own.kind !== 'bundle') await make(ours, application, own)
          await house.touch(application) // decided upon, before what is seen is compared
          const before = await seen()
          const [decided, ...rest] = before as [{ evaluations: { decision: boolean }[] }, ...unknown[]]
          allowed += decided.evaluations.filter(({ decision }) => decision).length
          // People of the other organization are in nothing that is found; only resources of ours may name one as their parent.
          const found = JSON.stringify(rest.slice(0, -1))
          for (const { id } of strangers) assert.ok(!found.includes(`"id":"${id}"`), found)
          for (const one of changes) await make(foreign, theirs, one)
          await house.touch(application)
          assert.deepEqual(await seen(), before, JSON.stringify(changes))
          // Nor can it ask in the other's name, whatever the way.
          const as = { 'gatehouse-application': theirs.id }
          const subject = strangers[0]
          const body = { subject, action: { name: 'read' }, resource: { type: 'Doc', id: 'd0' } }
          for (const path of [
            'evaluation',
            'evaluations',
            'search/subject',
            'search/resource',
            'search/action',
            'plan',
          ]) {
            assert.equal((await ours.post(`/access/v1/${path}`, body, as)).status, 403, path)
            refused++
          }
          const entities = `/api/applications/${theirs.id}/entities`
          for (const url of [
            entities,
            `${entities}/Doc/d0`,
            `/api/grants?applicationId=${theirs.id}`,
            `/api/decisions?applicationId=${theirs.id}`,
          ])
            assert.equal((await ours.get(url)).status, 403, url)
          assert.equal((await ours.post(entities, { put: [] })).status, 403)
        },
      )
      // By chance nothing may be allowed in a turn; then it is tried with other changes.
      for (let turn = 0; turn < 4 && allowed <= 3; turn++)
        await fc.assert(property, { numRuns: 25, interruptAfterTimeLimit: 12_000, endOnFailure: true })
      assert.ok(refused > 10 && allowed > 3, `too little was tried: ${refused} refused, ${allowed} allowed`)
    }),
)
