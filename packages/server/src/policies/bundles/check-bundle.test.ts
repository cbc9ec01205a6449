import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { Problems, sayProblems } from '../places/problem.ts'
import { hashBundle, readBundleFiles } from './bundle-files.ts'
import { cutStatements } from './cedar-text.ts'
import { checkBundle } from './check-bundle.ts'

const acme = new URL('../../../../../examples/acme/documents/', import.meta.url)
const files: Record<string, string> = Object.fromEntries(
  readdirSync(acme, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => [path.slice(acme.pathname.length), readFileSync(path, 'utf8')]),
)
const small = {
  'schema.cedarschema': `entity Document { title: String, owner?: User };
action read, write appliesTo { principal: [User, Machine], resource: [Document] };
`,
  'policies.cedar': `permit (principal is User, action == Action::"read", resource is Document);
`,
}
const says = async (more: Record<string, string>, base: Record<string, string> = small) =>
  (await checkBundle({ ...base, ...more })).problems.map((problem) => sayProblems([problem]))

test('checkBundle: the example bundle is accepted with all its tests', async () => {
  const check = await checkBundle(files)
  assert.deepEqual(check.problems, [])
  assert.equal(check.tests.length, 7)
  assert.ok(check.tests.every(({ passed }) => passed))
  assert.deepEqual(check.bundle?.templates, ['viewer', 'editor'])
  const { staticPolicies, templates } = JSON.parse(check.bundle?.policies ?? '')
  assert.deepEqual(Object.keys(staticPolicies), [
    'document-owner',
    'confidential-needs-clearance',
    'machines-read-only',
  ])
  assert.deepEqual(Object.keys(templates), ['viewer', 'editor'])
})

test('checkBundle: a test that fails refuses the bundle and tells what was answered and why', async () => {
  const policies = files['policies.cedar']?.replace('"confidential" }\nunless', '"secret" }\nunless')
  const found = await says({ 'policies.cedar': policies as string }, files)
  assert.deepEqual(found, [
    'tests/story.yaml:32:5: test "Bob, without clearance, does not read the budget" fails: expected deny, got allow, because of viewer',
  ])
})

test('checkBundle: a policy that does not parse is told with file, line and column, all of them at once', async () => {
  const found = await says({
    'policies.cedar': '\n// fine\npermit (principal, action, resource);\n  permit (principal, acton, resource);\n',
    'more.cedar': 'forbid (principal, action, resource) when { resource.title == };',
  })
  assert.equal(found.length, 2)
  assert.match(found[0] as string, /^more\.cedar:1:63: /)
  assert.match(found[1] as string, /^policies\.cedar:4:22: /)
})

test('checkBundle: a policy that the schema does not bear is told at the attribute', async () => {
  const policies = 'permit (principal, action, resource)\nwhen { resource.titel == "x" };\n'
  assert.deepEqual(await says({ 'policies.cedar': policies }), [
    'policies.cedar:2:8: policy "policies#1": attribute `titel` on entity type `Document` not found',
  ])
})

const refusals: [string, Record<string, string>, RegExp][] = [
  ['a missing schema', { 'schema.cedarschema': undefined as never }, /^schema\.cedarschema:1:1: is missing/],
  [
    'a broken schema',
    { 'schema.cedarschema': 'entity A {\n  b: Strng };' },
    /^schema\.cedarschema:2:6: failed to resolve type/,
  ],
  ['a file of no kind', { 'run.sh': 'x' }, /^run\.sh:1:1: not a file of a bundle/],
  ['a path that leaves the bundle', { '../x.cedar': '' }, /not a path of a bundle/],
  ['text that is none', { 'x.cedar': 'a\0b' }, /^x\.cedar:1:1: not text/],
  [
    'a policy about Gatehouse itself',
    { 'x.cedar': '\npermit (principal, action == Gatehouse::Action::"viewUser", resource);' },
    /^x\.cedar:2:30: an application cannot speak of Gatehouse::/,
  ],
  [
    'a schema in the namespace Gatehouse',
    { 'schema.cedarschema': 'namespace Gatehouse { entity X; }' },
    /^schema\.cedarschema:1:11: an application cannot/,
  ],
  [
    "a policy about another application's type",
    { 'x.cedar': 'permit (principal, action, resource is Other::Thing);' },
    /^x\.cedar:1:40?: .*Other::Thing/,
  ],
  [
    'two policies of one id',
    { 'x.cedar': '@id("a") permit (principal, action, resource);\n@id("a") permit (principal, action, resource);' },
    /^x\.cedar:2:1: the id "a" is taken by x\.cedar:1/,
  ],
  [
    'a template of one slot',
    { 'x.cedar': 'permit (principal == ?principal, action, resource);' },
    /^x\.cedar:1:1: the template "x#1" must have both/,
  ],
  [
    'brackets without end',
    { 'x.cedar': `permit (principal, action, resource) when { ${'('.repeat(100)}true };` },
    /^x\.cedar:1:\d+: brackets nest deeper than 60/,
  ],
  [
    'an unknown key of the manifest',
    { 'manifest.yaml': 'types: {}\nrols: {}\n' },
    /^manifest\.yaml:2:1: unknown key "rols"/,
  ],
  [
    'a role that is no template',
    { 'manifest.yaml': 'roles:\n  boss: {}\n' },
    /^manifest\.yaml:2:9: there is no template with @id\("boss"\)/,
  ],
  [
    'a type that the schema lacks',
    { 'manifest.yaml': 'types: { doc: Doc }\n' },
    /^manifest\.yaml:1:15: the schema has no entity type Doc/,
  ],
  [
    'supplied attributes of a directory user',
    { 'manifest.yaml': 'supplied_attributes: { User: [active] }\n' },
    /a caller cannot supply its attributes/,
  ],
  [
    'an obligation that nobody knows',
    { 'x.cedar': '@obligation("step_up") permit (principal, action, resource);' },
    /^x\.cedar:1:1: x#1: there is no obligation "step_up"/,
  ],
  ['YAML that is none', { 'manifest.yaml': 'types: [\n' }, /^manifest\.yaml:2:1: not valid YAML/],
  ['YAML aliases', { 'manifest.yaml': 'types: &a {}\nroles: *a\n' }, /^manifest\.yaml:2:8: aliases/],
  [
    'a test with an unknown key',
    { 'tests/a.yaml': 'tests:\n  - name: x\n    princpal: User::"a"\n' },
    /^tests\/a\.yaml:3:5: unknown key "princpal"/,
  ],
  [
    'a test of an unknown action',
    {
      'tests/a.yaml':
        'tests:\n  - { name: x, principal: User::"a", action: fly, resource: Document::"d", expect: deny }\n',
    },
    /^tests\/a\.yaml:2:5: the schema has no action "fly"/,
  ],
  [
    'a test whose entity does not fit the schema',
    {
      'tests/a.yaml':
        'tests:\n  - { name: x, principal: User::"a", action: read, resource: Document::"d", expect: allow, entities: [ { uid: Document::"d" } ] }\n',
    },
    /^tests\/a\.yaml:2:\d+: .*title/,
  ],
  [
    "a User of the application's own making",
    { 'schema.cedarschema': `${small['schema.cedarschema']}entity User { department: String };` },
    /User is the directory's and has no attribute department/,
  ],
  [
    'a User that is surer than the directory',
    { 'schema.cedarschema': `${small['schema.cedarschema']}entity User { email: String };` },
    /User\.email is not always there/,
  ],
]
for (const [what, more, pattern] of refusals) {
  test(`checkBundle: ${what} is refused with its place`, async () => {
    const sent: Record<string, string> = { ...small, ...more }
    for (const [path, text] of Object.entries(sent)) if (text === undefined) delete sent[path]
    const { bundle, problems } = await checkBundle(sent)
    assert.equal(bundle, undefined)
    assert.match(problems.map((problem) => sayProblems([problem])).join('\n'), pattern)
  })
}

test('checkBundle: what is too large or too many is refused before it is parsed', async () => {
  assert.match((await says({ 'x.cedar': ' '.repeat(300_000) }))[0] as string, /x\.cedar:1:1: the file has 300000 bytes/)
  const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`p${index}.cedar`, '']))
  assert.match((await says(many))[0] as string, /has 203 files; at most 200/)
})

test('checkBundle: a schema may declare directory types itself, as far as it says what is so', async () => {
  const schema = `${small['schema.cedarschema']}entity Group; entity User in [Group] { username: String } tags String;`
  assert.deepEqual(
    await says({
      'schema.cedarschema': schema,
      'x.cedar':
        'permit (principal in Group::"g", action, resource) when { principal is User && principal.hasTag("a") };',
    }),
    [],
  )
})

test('hashBundle: what sha256sum prints for the directory, whatever the order files came in', () => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-bundle-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), text)
    }
    const command =
      'command -v sha256sum >/dev/null || sha256sum() { shasum -a 256 "$@"; }; LC_ALL=C find * -type f | LC_ALL=C sort | while read -r file; do sha256sum "$file"; done | sha256sum'
    const printed = execFileSync('sh', ['-c', command], { cwd: directory, encoding: 'utf8' }).slice(0, 64)
    const reversed = Object.fromEntries(Object.entries(files).reverse())
    const read = readBundleFiles(reversed, new Problems())
    assert.ok(read)
    assert.equal(hashBundle(read), printed)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})

test('hashBundle: line ends and a byte order mark do not change the address; any other character does', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), fc.nat(), (more, where) => {
      const text = `${small['policies.cedar']}// ${more.replaceAll('\r', '')}\n`
      const hash = (policies: string) =>
        hashBundle(readBundleFiles({ ...small, 'policies.cedar': policies }, new Problems()) as never)
      assert.equal(hash(`\uFEFF${text.replaceAll('\n', '\r\n')}`), hash(text))
      const at = where % text.length
      assert.notEqual(hash(`${text.slice(0, at)}~${text.slice(at)}`), hash(text))
    }),
  )
})

test('cutStatements: a semicolon in a string or a comment ends nothing', () => {
  const text =
    '@id("a;b") permit (principal, action, resource); // no; not here\nforbid (principal == ?principal, action, resource);'
  assert.deepEqual(
    cutStatements(text).map(({ text, isTemplate }) => [text.slice(0, 6), isTemplate]),
    [
      ['@id("a', false],
      ['forbid', true],
    ],
  )
})
