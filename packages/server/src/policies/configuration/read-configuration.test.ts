import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acmeFiles } from '../../../test/support/acme.ts'
import { Problems, sayProblems } from '../places/problem.ts'
import { readConfiguration } from './read-configuration.ts'

async function problemsOf(files: Record<string, string>): Promise<string> {
  const problems = new Problems()
  await readConfiguration(files, problems)
  return problems.list
    .map((problem) => `${sayProblems([problem])}${problem.help ? `; ${problem.help}` : ''}`)
    .join('\n')
}
const one = (text: string) => ({ 'a.yaml': text })
const deep = `organization: a\nresources: ${'{ x: '.repeat(60)}1${' }'.repeat(60)}\n`

const refusals: [string, Record<string, string>, RegExp][] = [
  [
    'an unknown key',
    one('organization: a\nusers:\n  bob: { nmae: Bob }\n'),
    /^a\.yaml:3:10: unknown key "nmae"; did you mean name\?$/,
  ],
  ['an unknown section', one('organization: a\nroles: {}\n'), /^a\.yaml:2:1: unknown key "roles"; /],
  ['a document without its organization', one('users: {}\n'), /^a\.yaml:1:1: organization is missing$/],
  [
    'a key given twice',
    one('organization: a\nusers: {}\nusers: {}\n'),
    /^a\.yaml:3:1: not valid YAML: Map keys must be unique/,
  ],
  ['YAML that is none', one('organization: [\n'), /^a\.yaml:2:1: not valid YAML/],
  ['a tab where YAML takes none', one('organization: a\nusers:\n\tbob: {}\n'), /^a\.yaml:3:\d+: not valid YAML/],
  ['an alias', one('organization: &o a\ntitle: *o\n'), /^a\.yaml:2:8: aliases/],
  ['nesting without end', one(deep), /^a\.yaml:1:1: nested deeper than 40 levels$/],
  ['a list where a mapping belongs', one('organization: a\nusers: [bob]\n'), /^a\.yaml:2:8: must be a mapping/],
  ['a number where text belongs', one('organization: a\ntitle: 5\n'), /^a\.yaml:2:8: must be text; put it in quotes$/],
  ['a name that cannot be', one('organization: "A B"\n'), /^a\.yaml:1:15: "A B" is not a name/],
  [
    'a user name that is kept otherwise',
    one('organization: a\nusers: { Bob: {} }\n'),
    /^a\.yaml:2:15: the user name Bob is kept as bob: write it so$/,
  ],
  [
    'an e-mail address that is none',
    one('organization: a\nusers: { bob: { email: nonsense } }\n'),
    /^a\.yaml:2:15: bob: email must be an e-mail address/,
  ],
  [
    'a state that nobody can have',
    one('organization: a\nusers: { bob: { state: deleted } }\n'),
    /^a\.yaml:2:24: must be one of invited, active, suspended, deactivated$/,
  ],
  [
    'a member of another organization',
    one('organization: a\ngroups: { g: { members: [user:b/x] } }\n'),
    /^a\.yaml:2:26: must be a member of the same organization/,
  ],
  ['a machine without owner', one('organization: a\nmachines: { m: {} }\n'), /^a\.yaml:2:16: owner is missing$/],
  [
    'a route that is none',
    one('organization: a\napplications: { d: { routes: { GET /x: read } } }\n'),
    /^a\.yaml:2:40: must be an action and a resource/,
  ],
  [
    'a method that is none',
    one('organization: a\napplications: { d: { routes: { FETCH /x: read D::"x" } } }\n'),
    /"FETCH \/x" is not a method and a path/,
  ],
  [
    'a private key',
    one(
      'organization: a\nmachines: { m: { owner: "user:x", keys: [{ jwk: { kty: OKP, crv: Ed25519, x: AA, d: AA } }] } }\n',
    ),
    /m: keys\/0\/jwk must be a public key, without "d"/,
  ],
  [
    'a client secret',
    one('organization: a\napplications: { d: { client_secret: hush } }\n'),
    /unknown key "client_secret"/,
  ],
  [
    'a bundle that is not there',
    one('organization: a\napplications: { d: { policies: x } }\n'),
    /^a\.yaml:2:32: there is no bundle in x/,
  ],
  [
    'a bundle outside the files',
    one('organization: a\napplications: { d: { policies: ../x } }\n'),
    /there is no bundle in \.\.\/x/,
  ],
  [
    'a bundle that nobody names',
    { ...one('organization: a\n'), 'b/schema.cedarschema': '' },
    /^b\/schema\.cedarschema:1:1: no application, and no sign_in_policy, names this bundle$/,
  ],
  [
    'a bundle that does not validate',
    {
      ...one('organization: a\napplications: { d: { policies: b } }\n'),
      'b/schema.cedarschema': 'entity X;',
      'b/p.cedar': 'permit (principal);',
    },
    /^b\/p\.cedar:1:1?\d: /,
  ],
  [
    'a resource that is no entity',
    one('organization: a\nresources: { d: [{ uid: welcome }] }\n'),
    /^a\.yaml:2:18: "welcome" is not an entity/,
  ],
  [
    'something listed twice',
    { 'a.yaml': 'organization: a\nusers: { bob: {} }\n', 'b.yaml': 'organization: a\nusers: { bob: {} }\n' },
    /^b\.yaml:2:15: user bob is given twice; first in a\.yaml:2$/,
  ],
  [
    'a field given twice',
    { 'a.yaml': 'organization: a\ntitle: A\n', 'b.yaml': 'organization: a\ntitle: B\n' },
    /^b\.yaml:2:8: title of a is given twice$/,
  ],
  [
    'a grant given twice',
    one(
      'organization: a\ngrants:\n- { role: gatehouse/auditor, to: "user:x" }\n- { role: gatehouse/auditor, to: "user:x" }\n',
    ),
    /^a\.yaml:4:3: the grant of .* is given twice$/,
  ],
  [
    'a grant to nobody',
    one('organization: a\ngrants:\n- { role: gatehouse/auditor, to: x }\n'),
    /^a\.yaml:3:34: must name something/,
  ],
  [
    'a grant of no application',
    one('organization: a\ngrants:\n- { role: auditor, to: "user:x" }\n'),
    /^a\.yaml:3:11: "auditor" is not application\/role or gatehouse\/role$/,
  ],
  [
    'a time that is none',
    one('organization: a\ngrants:\n- { role: gatehouse/auditor, to: "user:x", until: tomorrow }\n'),
    /^a\.yaml:3:51: must be a time with its offset/,
  ],
  [
    'a grant on everything outside home',
    one('organization: a\ngrants:\n- { role: gatehouse/owner, to: "user:x", on: deployment }\n'),
    /stands in the organization home/,
  ],
  ['a file of no kind', { ...one('organization: a\n'), 'run.sh': '' }, /^run\.sh:1:1: not a file of a configuration/],
  [
    'a path that leaves the directory',
    { ...one('organization: a\n'), '../b.yaml': '' },
    /not a path of a configuration/,
  ],
  ['nothing', {}, /there is no \*\.yaml file/],
]
for (const [what, files, pattern] of refusals)
  test(`readConfiguration: ${what} is refused with file and line`, async () => {
    assert.match(await problemsOf(files), pattern)
  })

test('readConfiguration: too many or too large files are refused before they are read', async () => {
  const many = Object.fromEntries(Array.from({ length: 2_001 }, (_, index) => [`f${index}.yaml`, '']))
  assert.match(await problemsOf(many), /there are 2001 files; at most 2000/)
  assert.match(await problemsOf(one('#'.repeat(16 * 1024 * 1024 + 1))), /at most 16777216 are taken/)
})

test('readConfiguration: several problems are told at once', async () => {
  const found = await problemsOf(one('organization: a\ntitel: x\nusers:\n  bob: { nmae: B }\n  eve: { emial: e }\n'))
  assert.equal(found.split('\n').length, 3)
})

test('readConfiguration: an organization may be spread over documents and files', async () => {
  const problems = new Problems()
  const files = {
    'a.yaml': 'organization: a\ntitle: A\n---\norganization: a\nusers: { bob: {} }\n',
    'more/b.yaml': 'organization: a\nusers: { eve: {} }\n',
  }
  const wanted = await readConfiguration(files, problems)
  assert.deepEqual(problems.list, [])
  assert.deepEqual(
    wanted?.items.map(({ kind, name }) => `${kind} ${name}`),
    ['organization a', 'user bob', 'user eve'],
  )
})

test('readConfiguration: the example reads without a word', async () => {
  assert.equal(await problemsOf(acmeFiles()), '')
})
