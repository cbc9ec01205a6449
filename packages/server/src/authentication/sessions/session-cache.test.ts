import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FeedEvent } from '#feed'
import type { Person } from '../deps.ts'
import { acrOf, isAtLeast, type Session } from './session.ts'
import { type KnownSession, SessionCache } from './session-cache.ts'

const known = (id: string, user: string, organization = 'org_1'): KnownSession => ({
  session: { id, userId: user, organizationId: organization } as unknown as Session,
  person: { id: user } as unknown as Person,
})
const event = (type: string, objectType: string, id: string) =>
  ({ type, object: { type: objectType, id } }) as unknown as FeedEvent

function filled(): SessionCache {
  const cache = new SessionCache()
  for (const [key, value] of [
    ['a', known('ses_a', 'user_1')],
    ['b', known('ses_b', 'user_1')],
    ['c', known('ses_c', 'user_2', 'org_2')],
  ] as const)
    cache.put(key, value, cache.generation)
  return cache
}
const kept = (cache: SessionCache) => ['a', 'b', 'c'].filter((key) => cache.get(key) !== undefined).join('')

test('each event drops what it may have changed, and nothing else', () => {
  for (const [told, left] of [
    [event('authentication.session_ended', 'Session', 'ses_a'), 'bc'],
    [event('authentication.session_rotated', 'Session', 'ses_b'), 'ac'],
    [event('authentication.sessions_ended', 'User', 'user_1'), 'c'],
    [event('directory.user_suspended', 'User', 'user_1'), 'c'],
    [event('directory.user_updated', 'User', 'user_2'), 'ab'],
    [event('directory.organization_suspended', 'Organization', 'org_1'), 'c'],
    [event('authentication.rejected', 'User', 'user_1'), 'abc'],
    [event('directory.group_created', 'Group', 'user_1'), 'abc'],
  ] as const) {
    const cache = filled()
    cache.apply([told])
    assert.equal(kept(cache), left, told.type)
  }
})

test('what was read before an invalidation is not kept: the reader may have seen the state before it', () => {
  const cache = new SessionCache()
  const generation = cache.generation
  cache.apply([event('authentication.session_ended', 'Session', 'ses_a')])
  cache.put('a', known('ses_a', 'user_1'), generation)
  assert.equal(cache.get('a'), undefined)
  cache.put('a', known('ses_a', 'user_1'), cache.generation)
  assert.notEqual(cache.get('a'), undefined)
})

test('levels: one factor, two, and a passkey above both', () => {
  assert.equal(acrOf(['pwd']), 'urn:gatehouse:acr:1')
  assert.equal(acrOf(['pwd', 'otp', 'mfa']), 'urn:gatehouse:acr:2')
  assert.equal(acrOf(['hwk', 'user', 'mfa']), 'phr')
  assert.equal(isAtLeast('phr', 'urn:gatehouse:acr:2'), true)
  assert.equal(isAtLeast('urn:gatehouse:acr:1', 'urn:gatehouse:acr:2'), false)
})
