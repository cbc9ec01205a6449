import assert from 'node:assert/strict'
import { type Api, type Reply, startApi } from '../../test/support/api.ts'
import { onEachEngine } from '../../test/support/engines.ts'

async function home(api: Api): Promise<string> {
  return (await api.call('GET', '/api/organizations?name=home')).body.items[0].id
}

function isProblem(reply: Reply, status: number, code: string): void {
  assert.equal(reply.status, status, JSON.stringify(reply.body))
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(reply.body.code, code, JSON.stringify(reply.body))
}

onEachEngine('a user over REST: created with Location, ETag and token; read, changed, moved, deleted', async (s) => {
  const api = await startApi(s)
  try {
    const organizationId = await home(api)
    const created = await api.call('POST', '/api/users', {
      organizationId,
      username: 'Alice',
      email: 'alice@example.com',
      displayName: 'Alice',
      attributes: { department: 'research' },
    })
    assert.equal(created.status, 201)
    assert.equal(created.headers.get('etag'), '"1"')
    assert.match(created.headers.get('consistency-token') ?? '', /^[sp]\d+$/)
    const path = created.headers.get('location') as string
    assert.equal(path, `/api/users/${created.body.id}`)
    assert.deepEqual((await api.call('GET', path)).body, created.body)
    const same = await api.call('PATCH', path, { displayName: null }, { headers: { 'if-match': '"1"' } })
    assert.equal(same.status, 200)
    assert.equal(same.headers.get('etag'), '"2"')
    assert.equal('displayName' in same.body, false)
    const stale = await api.call('PATCH', path, { displayName: 'X' }, { headers: { 'if-match': '"1"' } })
    isProblem(stale, 412, 'web.revision_conflict')
    isProblem(
      await api.call('POST', `${path}/activate`, undefined, { headers: { 'if-match': '"1"' } }),
      412,
      'web.revision_conflict',
    )
    const active = await api.call('POST', `${path}/activate`)
    assert.equal(active.body.state, 'active')
    const refused = await api.call('POST', `${path}/invite`)
    isProblem(refused, 409, 'directory.transition_refused')
    assert.deepEqual(refused.body.allowed, ['suspend', 'deactivate', 'delete'])
    assert.equal((await api.call('POST', `${path}/suspend`, { reason: 'lost laptop' })).body.state, 'suspended')
    assert.equal((await api.call('DELETE', path)).status, 204)
    isProblem(await api.call('GET', path), 404, 'directory.user_unknown')
    const tombstones = await api.call('GET', '/api/users?state=deleted')
    assert.deepEqual(
      tombstones.body.items.map((user: { username: string }) => user.username),
      [created.body.id],
    )
  } finally {
    await api.close()
  }
})

onEachEngine('lists go page by page in one order, whatever the page size, and filter in SQL', async (s) => {
  const api = await startApi(s)
  try {
    const organizationId = await home(api)
    const names = Array.from({ length: 23 }, (_, at) => `u${String(at).padStart(2, '0')}`)
    for (const username of [...names].reverse()) await api.call('POST', '/api/users', { organizationId, username })
    for (const limit of [1, 7, 23, 24]) {
      const seen: string[] = []
      let cursor = ''
      do {
        const page = await api.call('GET', `/api/users?limit=${limit}${cursor && `&cursor=${cursor}`}`)
        assert.equal(page.status, 200)
        assert.ok(page.body.items.length <= limit)
        seen.push(...page.body.items.map((user: { username: string }) => user.username))
        cursor = page.body.next ?? ''
      } while (cursor !== '')
      assert.deepEqual(seen, names, `limit ${limit}`)
    }
    const usernames = async (query: string) =>
      (await api.call('GET', `/api/users?${query}`)).body.items.map((user: { username: string }) => user.username)
    assert.deepEqual(await usernames('username=U07'), ['u07'])
    assert.deepEqual(
      await usernames('prefix=u1&limit=200'),
      names.filter((name) => name.startsWith('u1')),
    )
    assert.deepEqual(await usernames('state=active'), [])
    assert.deepEqual(await usernames('prefix=%25'), [])
    assert.deepEqual(await usernames(`organizationId=${organizationId}&email=nobody@example.com`), [])
  } finally {
    await api.close()
  }
})

onEachEngine('groups, machines and applications over REST', async (s) => {
  const api = await startApi(s)
  try {
    const organizationId = await home(api)
    const make = async (path: string, body: object) => {
      const reply = await api.call('POST', path, { organizationId, ...body })
      assert.equal(reply.status, 201, JSON.stringify(reply.body))
      return reply.body
    }
    const alice = await make('/api/users', { username: 'alice' })
    await api.call('POST', `/api/users/${alice.id}/activate`)
    const staff = await make('/api/groups', { name: 'staff' })
    const research = await make('/api/groups', { name: 'research', displayName: 'Research' })
    const archiver = await make('/api/machines', { name: 'archiver', owner: alice.id })
    const members = `/api/groups/${staff.id}/members`
    const added = await api.call('POST', members, { add: [alice.id, research.id, archiver.id] })
    assert.equal(added.status, 200, JSON.stringify(added.body))
    assert.equal(added.headers.get('etag'), '"2"')
    const listed = (await api.call('GET', members)).body.items
    assert.deepEqual(
      new Set(listed.map((member: { type: string; name: string }) => `${member.type} ${member.name}`)),
      new Set(['User alice', 'Group research', 'Machine archiver']),
    )
    assert.equal((await api.call('GET', `${members}?limit=2&type=User`)).body.items.length, 1)
    isProblem(
      await api.call('POST', `/api/groups/${research.id}/members`, { add: [staff.id] }),
      409,
      'directory.group_cycle',
    )
    isProblem(await api.call('POST', members, { add: ['x'] }), 404, 'directory.member_unknown')
    assert.equal((await api.call('GET', `/api/groups?member=${alice.id}`)).body.items[0].name, 'staff')

    const secret = await api.call('POST', `/api/machines/${archiver.id}/secrets`)
    assert.equal(secret.status, 201)
    assert.equal(secret.body.clientId, archiver.id)
    const shown = await api.call('GET', `/api/machines/${archiver.id}`)
    assert.deepEqual(
      shown.body.secrets.map((one: { id: string }) => one.id),
      [secret.body.secretId],
    )
    assert.ok(!JSON.stringify(shown.body).includes('hash'))
    assert.equal((await api.call('DELETE', `/api/machines/${archiver.id}/secrets/${secret.body.secretId}`)).status, 204)
    isProblem(await api.call('DELETE', `/api/machines/${archiver.id}/secrets/x`), 404, 'directory.secret_unknown')
    await api.call('POST', `/api/users/${alice.id}/deactivate`)
    assert.deepEqual(
      (await api.call('GET', '/api/machines?orphaned=true')).body.items.map((one: { name: string }) => one.name),
      ['archiver'],
    )
    isProblem(
      await api.call('POST', '/api/machines', { organizationId, name: 'b', owner: alice.id }),
      409,
      'directory.owner_unfit',
    )

    const docs = await make('/api/applications', {
      name: 'docs',
      kind: 'web',
      redirectUris: ['http://docs.localhost:9000/callback'],
      routes: [{ method: 'GET', path: '/documents/:id', action: 'read', resource: 'Document::"{id}"' }],
    })
    assert.equal(docs.authMethod, 'client_secret_basic')
    assert.equal((await api.call('GET', '/api/applications?name=docs&kind=web')).body.items[0].id, docs.id)
    isProblem(
      await api.call('POST', '/api/applications', { organizationId, name: 'docs', kind: 'web' }),
      409,
      'directory.name_taken',
    )
    const wrong = await api.call('PATCH', `/api/applications/${docs.id}`, {
      redirectUris: ['https://*.example.com/', 'http://example.com/', 'https://example.com/#x'],
    })
    isProblem(wrong, 400, 'directory.invalid')
    assert.deepEqual(
      wrong.body.errors.map((error: { pointer: string }) => error.pointer),
      ['/redirectUris/0', '/redirectUris/1', '/redirectUris/2'],
    )
  } finally {
    await api.close()
  }
})

onEachEngine('who has no right is refused, who has one in an organization sees that organization alone', async (s) => {
  const api = await startApi(s)
  try {
    const homeId = await home(api)
    const other = (await api.call('POST', '/api/organizations', { name: 'other' })).body
    const people: Record<string, { id: string }> = {}
    for (const [username, organizationId] of [
      ['alice', homeId],
      ['bob', homeId],
      ['carol', other.id],
    ]) {
      const { body } = await api.call('POST', '/api/users', { organizationId, username })
      await api.call('POST', `/api/users/${body.id}/activate`)
      people[username as string] = body
    }
    const as = (username: string, organizationId: string) => ({
      actor: { type: 'user', id: people[username]!.id, organizationId, name: username } as never,
    })
    const alice = as('alice', homeId)
    isProblem(await api.call('GET', '/api/users', undefined, { actor: null }), 401, 'web.unauthenticated')
    for (const path of [
      '/api/users',
      '/api/organizations',
      '/api/groups',
      '/api/machines',
      '/api/applications',
      `/api/users/${people.bob!.id}`,
    ])
      isProblem(await api.call('GET', path, undefined, alice), 403, 'authorization.denied')
    isProblem(
      await api.call('POST', `/api/users/${people.bob!.id}/suspend`, undefined, alice),
      403,
      'authorization.denied',
    )
    const staff = (await api.call('POST', '/api/groups', { organizationId: homeId, name: 'staff' })).body
    await api.call('POST', `/api/groups/${staff.id}/members`, { add: [people.alice!.id] })
    for (const id of [homeId, other.id]) {
      const granted = await api.call('POST', '/api/grants', {
        role: id === homeId ? 'user-administrator' : 'auditor',
        principal: { type: 'Group', id: staff.id },
        resource: { type: 'Organization', id },
        why: 'help desk',
      })
      assert.equal(granted.status, 201, JSON.stringify(granted.body))
      const seen = (await api.call('GET', '/api/users', undefined, alice)).body.items
      const names = seen.map((user: { username: string }) => user.username).sort()
      assert.deepEqual(names, id === homeId ? ['alice', 'bob'] : ['alice', 'bob', 'carol'])
    }
    const organizations = (await api.call('GET', '/api/organizations', undefined, alice)).body.items
    assert.deepEqual(
      organizations.map((one: { name: string }) => one.name),
      ['home', 'other'],
    )
    assert.equal((await api.call('POST', `/api/users/${people.bob!.id}/suspend`, undefined, alice)).status, 200)
    isProblem(
      await api.call('POST', `/api/users/${people.carol!.id}/suspend`, undefined, alice),
      403,
      'authorization.denied',
    )
    // Who is stopped is stopped at once, whatever they hold.
    await api.call('POST', `/api/users/${people.alice!.id}/deactivate`)
    isProblem(await api.call('GET', '/api/users', undefined, alice), 403, 'authorization.denied')
  } finally {
    await api.close()
  }
})
