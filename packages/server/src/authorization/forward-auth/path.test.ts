import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { normalisePath } from './path.ts'
import { RouteTable } from './route-table.ts'

test('normalisePath undoes the encoding of unreserved characters only (RFC 3986 §6.2.2.2) and leaves the query out', () => {
  assert.equal(normalisePath('/documents/%70lan?x=/../y'), '/documents/plan')
  assert.equal(normalisePath('/a%c3%9f%3a'), '/a%C3%9F%3A')
  assert.equal(normalisePath('/'), '/')
  assert.equal(normalisePath('/a/'), '/a/')
})

test('a path that services read in different ways is refused', () => {
  const bad = [
    '/a/../b',
    '/a/./b',
    '/..',
    '/.',
    '//a',
    '/a//b',
    '/a/%2e%2e/b',
    '/a/.%2E',
    '/a%2fb',
    '/a%2Fb',
    '/a%5cb',
    '/a\\b',
  ]
  const worse = [
    '/a%00',
    '/a\u0000',
    '/a\tb',
    '/a%',
    '/a%2',
    '/a%zz',
    '/a%252e',
    '/public/..;/admin',
    '/admin;x=1/users',
    '/admin%3Bx',
    '/admin%0d',
    '/admin%7f',
    '/public, /admin',
    '/caf\u00e9',
    'a',
    '',
    'http://x/a',
    `/${'a'.repeat(5_000)}`,
  ]
  for (const path of [...bad, ...worse]) assert.equal(normalisePath(path), undefined, JSON.stringify(path))
})

test('what normalisePath lets through, it lets through unchanged, and a URL parser finds as many segments', () => {
  const piece = fc.oneof(
    fc.constantFrom('.', '..', '', '%2e', '%2F', 'a', '%41', ';', '%c3%9f', '~'),
    fc.string({ maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 5 }), (pieces) => {
      const path = normalisePath(`/${pieces.join('/')}`)
      if (path === undefined) return
      assert.equal(normalisePath(path), path)
      assert.doesNotMatch(path, /\/\.{1,2}(\/|$)|\/\/|\\|%2f|%00/i)
      const segments = (text: string) => text.split('/').length
      if (/^[\x21-\x7e]+$/.test(path)) assert.equal(segments(new URL(path, 'http://x').pathname), segments(path))
    }),
    { numRuns: 5_000 },
  )
})

const askedOf = (method: string, path: string) => {
  const asked = routes.match(method, path)
  return asked === 'ambiguous-case' ? undefined : asked
}
const routes = new RouteTable([
  { method: 'GET', path: '/documents/:id', action: 'read', resource: 'Document::"{id}"' },
  { method: 'PUT', path: '/documents/:id', action: 'write', resource: 'Document::"{id}"' },
  { method: '*', path: '/files/:area/*', action: 'open', resource: 'Acme::File::"{area}:{*}"' },
  { method: 'GET', path: '/', action: 'read', resource: 'Page::"home"' },
])

test('the first route that fits says action and resource; HEAD is GET; a last slash makes no difference', () => {
  const document = { type: 'Document', id: 'plan' }
  assert.deepEqual(routes.match('GET', '/documents/plan'), { action: 'read', resource: document })
  assert.deepEqual(routes.match('HEAD', '/documents/plan/'), { action: 'read', resource: document })
  assert.deepEqual(routes.match('PUT', '/documents/plan'), { action: 'write', resource: document })
  assert.deepEqual(askedOf('DELETE', '/files/a/b/c')?.resource, { type: 'Acme::File', id: 'a:b/c' })
  assert.deepEqual(askedOf('GET', '/')?.resource.id, 'home')
  assert.deepEqual(askedOf('GET', '/documents/a%C3%9F')?.resource.id, 'aß')
  for (const path of ['/documents', '/documents/', '/documents/a/b', '/Documents/a', '/other'])
    assert.equal(routes.match('GET', path), undefined, path)
  assert.equal(routes.match('DELETE', '/documents/plan'), undefined)
  assert.equal(routes.match('GET', '/documents/%FF'), undefined)
})

test('without routes the action is the method and the resource the path', () => {
  const any = new RouteTable([])
  assert.deepEqual(any.match('POST', '/a/b'), { action: 'POST', resource: { type: 'route', id: '/a/b' } })
})

test('a path whose case decides which route fits is ambiguous, unless the routes tell the letters apart themselves', () => {
  const route = (path: string, action: string) => ({ method: '*', path, action, resource: 'Page::"{*}"' })
  const table = new RouteTable([
    route('/admin/:id', 'administer'),
    route('/Files/a/*', 'own'),
    route('/files/:name/*', 'read'),
    route('/README', 'upper'),
    route('/readme', 'lower'),
    route('/*', 'browse'),
  ])
  const actionOf = (path: string) => {
    const asked = table.match('GET', path)
    return typeof asked === 'object' ? asked.action : asked
  }
  assert.equal(actionOf('/admin/x'), 'administer')
  for (const path of ['/ADMIN/x', '/Admin/x', '/adMin/x', '/ReadMe'])
    assert.equal(actionOf(path), 'ambiguous-case', path)
  assert.equal(actionOf('/admin'), 'browse', 'another number of segments is another path')
  assert.equal(actionOf('/README'), 'upper')
  assert.equal(actionOf('/readme'), 'lower', 'both are literal: the application tells them apart')
  assert.equal(actionOf('/files/x/y'), 'read')
  assert.equal(actionOf('/files/A/y'), 'ambiguous-case')
  assert.equal(actionOf('/elsewhere'), 'browse')
})
