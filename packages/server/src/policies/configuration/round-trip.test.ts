import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'
import type { Act } from '#kernel'
import { systemClock, systemEntropy } from '#kernel'
import { engines, scratchDatabase } from '../../../test/support/engines.ts'
import { startTestServer } from '../../../test/support/server.ts'
import type { PoliciesDeps } from '../deps.ts'
import { applyConfiguration, planConfiguration } from './configure.ts'
import { exportConfiguration } from './export-configuration.ts'

const act: Act = { actor: { type: 'system', name: 'test' }, requestId: 'req-test' }
type Files = Record<string, string>

const schema = `entity Folder in [Folder];
entity Document in [Folder] {
  title: String, size: Long, shared: Bool, labels: Set<String>, readers: Set<User>, owner?: User,
  place?: { folder: Folder, address?: ipaddr },
} tags String;
action read appliesTo { principal: [User], resource: [Document] };
`
const roles = ['viewer', 'editor', 'a role: "with" #spaces'.replaceAll('"', '')]
const templates = roles
  .map((id) => `@id("${id}") permit (principal in ?principal, action, resource in ?resource);\n`)
  .join('')

// Text that YAML, JSON or Cedar could take for something else.
const tricky = fc.constantFrom(
  'null',
  'yes',
  '007',
  '1e3',
  '~',
  ': #',
  '- a',
  "it's",
  '"q"',
  '  two',
  '{x}',
  '*a',
  '!t',
  '2027-01-01',
  '😀 é',
  'a\tb',
  '\\',
)
const text = fc
  .oneof(tricky, fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }))
  .filter((it) => !/\0/.test(it) && it.isWellFormed())
const title = fc.oneof(
  fc.constantFrom('null', 'Yes', '007', "O'Hara: #1", '« Ünï »'),
  fc.stringMatching(/^[A-Za-z][A-Za-z ]{0,20}[a-z]$/),
)
const slugs = ['a', 'b-1', 'null', 'yes', '0', 'x2'] as const
const users = ['ann', 'bo.b', 'null', '7', 'ålf', 'e+f@g'] as const
const attributes = fc.dictionary(fc.constantFrom('department', 'yes', 'a.b', '_x'), text, { maxKeys: 3 })

const organization = (name: string) =>
  fc
    .record({
      title,
      state: fc.constantFrom('active', 'suspended'),
      sign_in: fc.record(
        {
          factors: fc.constantFrom(['password'], ['passkey', 'totp']),
          second_factor: fc.constantFrom('everyone', 'administrators'),
          session_minutes: fc.constantFrom(60, 480),
        },
        { requiredKeys: [] },
      ),
      branding: fc.record(
        {
          colour: fc.constantFrom('#17605a', '#7a1fa2'),
          texts: fc.dictionary(fc.constantFrom('de', 'en'), fc.record({ welcome: title }), { maxKeys: 2 }),
        },
        { requiredKeys: [] },
      ),
      registration: fc.record(
        { open: fc.boolean(), domains: fc.constantFrom(['*'], ['example.com']), approval: fc.constantFrom('none') },
        { requiredKeys: [] },
      ),
      account: fc.record({ edit_email: fc.boolean() }, { requiredKeys: [] }),
      users: fc.array(
        fc.record({
          name: title,
          state: fc.constantFrom('invited', 'active', 'suspended', 'deactivated'),
          attributes,
          mail: fc.boolean(),
        }),
        { minLength: users.length, maxLength: users.length },
      ),
      groups: fc.array(fc.record({ title, members: fc.nat(63), inner: fc.nat(63) }), { minLength: 3, maxLength: 6 }),
      machines: fc.array(
        fc.record({ title, owner: fc.nat(5), state: fc.constantFrom('active', 'suspended', 'deactivated') }),
        { maxLength: 3 },
      ),
      application: fc.record({ title, state: fc.constantFrom('active', 'suspended'), consent_required: fc.boolean() }),
      documents: fc.array(
        fc.record({
          id: text,
          title: text,
          size: fc.oneof(fc.maxSafeInteger(), fc.constantFrom(9007199254740993n, -9223372036854775808n)),
          shared: fc.boolean(),
          labels: fc.array(text, { maxLength: 3 }),
          readers: fc.array(fc.nat(5), { maxLength: 3 }),
          owner: fc.option(fc.nat(5), { nil: undefined }),
          address: fc.option(fc.constantFrom('10.0.0.1', '::1/64'), { nil: undefined }),
          tags: fc.dictionary(
            text.filter((it) => it !== '__proto__'),
            text,
            { maxKeys: 2 },
          ),
        }),
        { maxLength: 4 },
      ),
      grants: fc.array(
        fc.record({
          role: fc.nat(3),
          to: fc.nat(5),
          on: fc.nat(3),
          until: fc.option(fc.constantFrom('2999-01-01T00:00:00.000Z', '2998-06-01T12:30:00.000Z'), { nil: undefined }),
          from: fc.option(fc.constant('2990-01-01T00:00:00.000Z'), { nil: undefined }),
          why: text,
        }),
        { maxLength: 6 },
      ),
    })
    .map((made) => filesOf(name, made))

function filesOf(name: string, raw: unknown): Files {
  const made = raw as Record<string, never>
  const list = <T>(value: unknown) => value as T[]
  const picked = (bits: number, from: readonly string[]) => from.filter((_, index) => (bits >> index) & 1)
  const people = list<{ name: string; state: string; attributes: object; mail: boolean }>(made.users)
  const groups = list<{ title: string; members: number; inner: number }>(made.groups)
  const owner = (index: number) => `user:${users[index]}`
  const seen = new Set<string>()
  const once = <T>(items: T[], key: (item: T) => string) =>
    items.filter((item) => !seen.has(key(item)) && seen.add(key(item)))
  const documents = once(list<Record<string, never>>(made.documents), (it) => `document ${it.id}`)
  const document = {
    organization: name,
    title: made.title,
    state: made.state,
    domains: [`${name}.example`],
    sign_in: made.sign_in,
    users: Object.fromEntries(
      people.map(({ mail, ...one }, index) => [
        users[index],
        { ...one, ...(mail && { email: `u${index}@${name}.example` }) },
      ]),
    ),
    groups: Object.fromEntries(
      groups.map((group, index) => [
        slugs[index],
        {
          title: group.title,
          members: [
            ...picked(group.members, users).map((user) => `user:${user}`),
            ...picked(group.inner, slugs.slice(0, index)).map((inner) => `group:${inner}`),
          ],
        },
      ]),
    ),
    machines: Object.fromEntries(
      list<{ title: string; owner: number; state: string }>(made.machines)
        // A machine cannot be taken up again by whoever has left.
        .filter((it) => people[it.owner]?.state !== 'invited')
        .map((it, index) => [slugs[index], { ...it, owner: owner(it.owner) }]),
    ),
    applications: {
      docs: {
        ...(made.application as unknown as object),
        kind: 'web',
        origins: [`https://${name}.docs.example`],
        redirect_uris: [`https://${name}.docs.example/callback`],
        routes: { 'GET /documents/:id': 'read Document::"{id}"', '* /*': 'read Document::"{*}"' },
        policies: `${name}/docs`,
      },
    },
    resources: {
      docs: [
        { uid: 'Folder::"top"' },
        { uid: 'Folder::"sub"', parents: ['Folder::"top"'] },
        ...documents.map((it) => ({
          uid: `Document::${JSON.stringify(it.id)}`,
          parents: ['Folder::"sub"'],
          attributes: {
            title: it.title,
            size: it.size,
            shared: it.shared,
            labels: it.labels,
            readers: list<number>(it.readers).map((index) => ({ __entity: owner(index) })),
            ...(it.owner !== undefined && { owner: { __entity: owner(it.owner) } }),
            ...(it.address !== undefined && {
              place: { folder: { __entity: 'Folder::"top"' }, address: it.address },
            }),
          },
          tags: it.tags,
        })),
      ],
    },
    grants: once(
      list<{ role: number; to: number; on: number; until?: string; from?: string; why: string }>(made.grants).map(
        ({ role, to, on, ...rest }) => ({
          ...(role === 3
            ? { role: 'gatehouse/auditor' }
            : { role: `docs/${roles[role]}`, on: ['Folder::"top"', 'Document::"x y"', 'organization:home'][on % 2] }),
          to: to % 2 === 0 ? owner(to) : `group:${slugs[to % groups.length]}`,
          ...rest,
        }),
      ),
      (it) => `grant ${it.role} ${it.to} ${'on' in it ? it.on : ''}`,
    ),
  }
  return {
    [`${name}.yaml`]: stringify(document, { aliasDuplicateObjects: false }),
    [`${name}/docs/schema.cedarschema`]: schema,
    [`${name}/docs/roles.cedar`]: templates,
  }
}

for (const engine of engines)
  test(`an export applied to an empty server exports the same again, and leaves nothing to change [${engine}]`, async () => {
    const configuration = fc
      .tuple(organization('acme'), organization('b2'))
      .map(([first, second]): Files => ({ ...first, ...second }))
    await fc.assert(
      fc.asyncProperty(configuration, async (files) => {
        const exported = await onFreshServer(engine, files)
        const again = await onFreshServer(engine, exported)
        assert.deepEqual(again, exported)
      }),
      // A shrink would start servers for minutes: the failing files are shown as they are.
      { numRuns: Number(process.env.GATEHOUSE_TEST_RUNS ?? (engine === 'sqlite' ? 4 : 2)), endOnFailure: true },
    )
  })

/** Applies files to an empty server and exports everything; nothing may be left to change, by the files or by the export. */
async function onFreshServer(engine: (typeof engines)[number], files: Files): Promise<Files> {
  const scratch = await scratchDatabase(engine)
  const server = await startTestServer(scratch)
  try {
    const { gate, snapshot } = server.authorization
    const deps: PoliciesDeps = { storage: server.storage, clock: systemClock, entropy: systemEntropy, gate, snapshot }
    const { fingerprint } = await planConfiguration(deps, act, { files, prune: false })
    await applyConfiguration(deps, act, { files, prune: false, fingerprint })
    const exported = await exportConfiguration(deps, act, undefined)
    for (const left of [files, exported])
      assert.deepEqual((await planConfiguration(deps, act, { files: left, prune: true })).changes, [])
    return exported
  } finally {
    await server.close()
    await scratch.remove()
  }
}
