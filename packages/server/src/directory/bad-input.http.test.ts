import assert from 'node:assert/strict'
import { type Api, type Reply, startApi } from '../../test/support/api.ts'
import { onEachEngine } from '../../test/support/engines.ts'

const unknownId = '01h455vb4pex5vsknk084sn02q'

async function home(api: Api): Promise<string> {
  return (await api.call('GET', '/api/organizations?name=home')).body.items[0].id
}

function isProblem(reply: Reply, status: number, code: string): void {
  assert.equal(reply.status, status, JSON.stringify(reply.body))
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
  assert.equal(reply.body.code, code, JSON.stringify(reply.body))
}

onEachEngine('bad input gives one clear answer each and changes nothing', async (s) => {
  const api = await startApi(s)
  try {
    const organizationId = await home(api)
    const changes = async () => {
      const rows = await api.storage.db.selectFrom('events').select('type').execute()
      return rows.filter(({ type }) => type.startsWith('directory.')).length
    }
    const before = await changes()
    const user = (more: object) => ({ organizationId, username: 'x', ...more })
    const bodies: [unknown, number, string, RegExp?][] = [
      ['{"organizationId":', 400, 'web.malformed'],
      ['[]', 400, 'web.invalid'],
      [user({ username: 7 }), 400, 'web.invalid', /username/],
      [user({ username: undefined }), 400, 'web.invalid', /username/],
      [user({ admin: true }), 400, 'web.invalid', /admin/],
      [user({ username: 'x'.repeat(300) }), 400, 'web.invalid', /username/],
      [user({ username: 'a\0b' }), 400, 'web.invalid', /username/],
      [user({ username: 'a\ud800b' }), 400, 'directory.invalid', /username/],
      [user({ username: '' }), 400, 'directory.invalid', /username/],
      [user({ username: 'a b' }), 400, 'directory.invalid', /username/],
      [user({ username: 'x\u202ey' }), 400, 'directory.invalid', /username/],
      [user({ username: 'pаypal' }), 400, 'directory.invalid', /scripts/],
      [user({ username: '<script>' }), 400, 'directory.invalid', /username/],
      [user({ email: 'nobody' }), 400, 'directory.invalid', /email/],
      [user({ email: 'a@b@c' }), 400, 'directory.invalid', /email/],
      [user({ email: 'a@127.0.0.1' }), 400, 'directory.invalid', /email/],
      [user({ email: 'a\r\nBcc: b@example.com' }), 400, 'directory.invalid', /email/],
      [user({ displayName: 'two\nlines' }), 400, 'directory.invalid', /displayName/],
      [user({ displayName: ' ' }), 400, 'directory.invalid', /displayName/],
      [user({ attributes: { a: 1 } }), 400, 'web.invalid', /attributes/],
      [user({ attributes: { 'a b': '1' } }), 400, 'directory.invalid', /attributes/],
      [user({ attributes: { a: 'x\0' } }), 400, 'directory.invalid', /NUL/],
      [user({ attributes: { a: 'x'.repeat(1_025) } }), 400, 'directory.invalid', /1024/],
      [
        user({ attributes: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`a${at}`, ''])) }),
        400,
        'directory.invalid',
        /64/,
      ],
      [user({ organizationId: 'org_x' }), 400, 'directory.invalid', /organizationId/],
      [user({ organizationId: `org_${unknownId}` }), 404, 'directory.organization_unknown'],
      ['{"organizationId":"x","username":"x","__proto__":{"a":1}}', 400, 'web.malformed'],
      [user({ attributes: { a: 'x'.repeat(70_000) } }), 413, 'web.too_large'],
    ]
    for (const [body, status, code, says] of bodies) {
      const reply = await api.call('POST', '/api/users', body)
      isProblem(reply, status, code)
      if (says !== undefined) assert.match(reply.body.detail, says)
    }
    const paths: [string, string, number, string][] = [
      ['GET', `/api/users/user_${unknownId}`, 404, 'directory.user_unknown'],
      ['GET', '/api/users/alice', 404, 'directory.user_unknown'],
      ['GET', '/api/users/%00', 404, 'directory.user_unknown'],
      ['POST', `/api/users/user_${unknownId}/suspend`, 404, 'directory.user_unknown'],
      ['GET', `/api/groups/group_${unknownId}/members`, 404, 'directory.group_unknown'],
      ['GET', `/api/machines/machine_${unknownId}`, 404, 'directory.machine_unknown'],
      ['GET', `/api/applications/user_${unknownId}`, 404, 'directory.application_unknown'],
      ['GET', '/api/users?cursor=nonsense', 400, 'web.cursor_invalid'],
      [
        'GET',
        `/api/users?cursor=${Buffer.from('["groups","a","b","c"]').toString('base64url')}`,
        400,
        'web.cursor_invalid',
      ],
      [
        'GET',
        `/api/users?cursor=${Buffer.from('["users","a\\u0000","b","c"]').toString('base64url')}`,
        400,
        'web.cursor_invalid',
      ],
      ['GET', '/api/users?limit=0', 400, 'web.invalid'],
      ['GET', '/api/users?limit=201', 400, 'directory.invalid'],
      ['GET', '/api/users?username=%00', 400, 'web.invalid'],
      ['GET', '/api/users?unknown=1', 400, 'web.invalid'],
      ['GET', '/api/users?state=happy', 400, 'web.invalid'],
      ['GET', `/api/users?organizationId=org_${unknownId}`, 404, 'directory.organization_unknown'],
      ['GET', '/api/machines?orphaned=maybe', 400, 'web.invalid'],
    ]
    for (const [method, path, status, code] of paths) isProblem(await api.call(method, path), status, code)
    isProblem(
      await api.call('POST', '/api/users', '<a/>', { headers: { 'content-type': 'application/xml' } }),
      415,
      'web.unsupported_media',
    )
    assert.equal(await changes(), before)
    assert.deepEqual((await api.call('GET', '/api/users')).body.items, [])
    assert.deepEqual(
      api.logged.filter((line) => Number(line.level) >= 50),
      [],
    )
  } finally {
    await api.close()
  }
})
