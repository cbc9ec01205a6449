import assert from 'node:assert/strict'
import type { EntityUid } from '#authorization'
import { findOrganizationByName, findUserByLogin, type Organization, type User } from '#directory'
import type { Act } from '#kernel'
import { acmeBundle, acmeFiles } from '../../../test/support/acme.ts'
import { type Acme, inAcme } from '../../../test/support/acme-house.ts'
import { startApi } from '../../../test/support/api.ts'
import { onEachEngine } from '../../../test/support/engines.ts'

/** What examples/acme/README.md says comes of it. */
const story: [type: string, name: string, action: string, document: string, allow: boolean, because: string[]][] = [
  ['user', 'alice', 'read', 'budget', true, ['viewer']],
  ['user', 'bob', 'read', 'budget', false, ['confidential-needs-clearance']],
  ['user', 'bob', 'read', 'welcome', true, ['viewer']],
  ['user', 'dana', 'write', 'budget', true, ['document-owner']],
  ['user', 'alice', 'write', 'welcome', false, []],
  ['machine', 'archiver', 'read', 'welcome', true, ['viewer']],
  ['machine', 'archiver', 'write', 'welcome', false, ['machines-read-only']],
]

async function decide({ api, applicationId }: Acme, subject: EntityUid, action: string, document: string, at?: string) {
  const { snapshot } = api.authorization
  if (at !== undefined) await snapshot.waitFor(at as never, 5_000)
  const application = snapshot.application(applicationId as never)
  const resource = { type: 'Document', id: document }
  const request = { principal: subject, action: { type: 'Action', id: action }, resource }
  const decision = application?.decide(request, Date.now())
  const roleOf = new Map<string, string>()
  const grants = await api.call('GET', `/api/grants?applicationId=${applicationId}`)
  for (const { id, role } of grants.body.items) roleOf.set(id, role)
  const because = decision?.reasons.map((reason) => {
    const id = typeof reason === 'string' ? reason : (reason as { policy: string }).policy
    return roleOf.get(id) ?? [...roleOf].find(([grant]) => id.includes(grant))?.[1] ?? id
  })
  return { allow: decision?.allow, because }
}

onEachEngine('examples/acme: whoever its README names is answered as it says, and for that reason', (scratch) =>
  inAcme(scratch, async (acme) => {
    for (const [type, name, action, document, allow, because] of story) {
      const id = await acme.idOf(type === 'user' ? 'users' : 'machines', name)
      const subject = { type: type === 'user' ? 'User' : 'Machine', id }
      assert.deepEqual(
        await decide(acme, subject, action, document),
        { allow, because },
        `${name} ${action} ${document}`,
      )
    }
  }),
)

onEachEngine('a policy change turns an answer, and one command turns it back', (scratch) =>
  inAcme(scratch, async (acme) => {
    const bob = { type: 'User', id: await acme.idOf('users', 'bob') }
    const url = `/api/applications/${acme.applicationId}/policies`
    const files = acmeBundle()
    const open = {
      ...files,
      'policies.cedar': (files['policies.cedar'] as string).replace(/@id\("confidential[\s\S]*?;\n/, ''),
    }
    const refused = await acme.api.call('PUT', url, { files: open })
    assert.equal(refused.status, 422)
    assert.match(refused.body.detail, /^tests\/story\.yaml:\d+:5: test "Bob, without clearance.*expected deny/)
    const tests = (files['tests/story.yaml'] as string).replace(/ {2}- name: Bob, without[\s\S]*?\n\n/, '')
    const changed = await acme.api.call('PUT', url, { files: { ...open, 'tests/story.yaml': tests } })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    const at = changed.headers.get('consistency-token') as string
    assert.deepEqual(await decide(acme, bob, 'read', 'budget', at), { allow: true, because: ['viewer'] })
    const back = await acme.api.call('POST', `${url}/rollback`, {})
    const since = back.headers.get('consistency-token') as string
    const denied = { allow: false, because: ['confidential-needs-clearance'] }
    assert.deepEqual(await decide(acme, bob, 'read', 'budget', since), denied)
  }),
)

onEachEngine(
  'files widen nobody’s rights: each change asks for its own action, a grant for what may be granted',
  async (scratch) => {
    const api = await startApi(scratch)
    try {
      const files = acmeFiles()
      const plan = await api.call('POST', '/api/configuration/plan', { files })
      await api.call('POST', '/api/configuration/apply', { files, fingerprint: plan.body.fingerprint })
      const { db } = api.storage
      const labs = (await findOrganizationByName(db, 'acme-labs')) as Organization
      const acme = (await findOrganizationByName(db, 'acme')) as Organization
      const actorOf = async (organization: Organization, name: string): Promise<Act['actor']> => {
        const { id } = (await findUserByLogin(db, organization.id, name)) as User
        return { type: 'user', id, organizationId: organization.id, name }
      }
      const erin = await actorOf(labs, 'erin')
      const carol = await actorOf(acme, 'carol')
      const labsFile = files['acme-labs.yaml'] as string
      const planAs = (actor: Act['actor'], sent: Record<string, string>) =>
        api.call('POST', '/api/configuration/plan', { files: sent }, { actor })
      const withUser = labsFile.replace('users:\n', 'users:\n  hana: { name: Hana }\n')
      const allowed = await planAs(erin, { 'a.yaml': withUser })
      assert.deepEqual([allowed.status, allowed.body.changes?.length], [200, 1], JSON.stringify(allowed.body))
      const owner = labsFile.replace('role: gatehouse/administrator', 'role: gatehouse/owner')
      const wide = await planAs(erin, { 'a.yaml': owner })
      assert.deepEqual([wide.status, wide.body.code], [403, 'authorization.grant_too_wide'])
      assert.equal((await planAs(erin, { 'a.yaml': 'organization: partner\n' })).status, 403)
      assert.equal((await planAs(erin, { 'a.yaml': 'organization: brand-new\n' })).status, 403)
      assert.equal((await planAs(carol, { 'a.yaml': 'organization: acme\n' })).status, 403)
      // A role that may apply configurations but not touch organizations.
      const title = labsFile.replace('title: Acme Labs', 'title: Ours')
      assert.equal((await planAs(erin, { 'a.yaml': title })).status, 403)
      assert.equal(
        (await api.call('GET', '/api/configuration/export?organization=acme', undefined, { actor: erin })).status,
        403,
      )
      const own = await api.call('GET', '/api/configuration/export', undefined, { actor: erin })
      assert.deepEqual(Object.keys(own.body.files), ['acme-labs.yaml'])
    } finally {
      await api.close()
    }
  },
)
