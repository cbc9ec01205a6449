import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OrganizationId } from '#kernel'
import { hourMs, Signs } from './signs.ts'

const home = 'org_home' as OrganizationId
const start = 1_800_000_000_000

function seeing() {
  const signs = new Signs()
  interface Told {
    readonly actor?: string
    readonly object?: { type: string; id: string }
    readonly address?: string
    readonly at?: number
    readonly data?: object
  }
  const tell = (
    type: string,
    { actor = 'nobody', object = { type: 'User', id: actor }, address = '192.0.2.1', at = 0, data = {} }: Told,
  ) =>
    signs.take({
      type,
      atMs: start + at,
      organizationId: home,
      object,
      actor: { type: 'user', id: actor, name: actor },
      address,
      data,
    })
  const signIn = (
    actor: string,
    more: { address?: string; at?: number; methods?: string[]; newDevice?: boolean } = {},
  ) => {
    const { methods = ['pwd'], newDevice = true, ...rest } = more
    tell('authentication.signed_in', { actor, ...rest, data: { methods, newDevice } })
  }
  const fail = (actor: string, more = {}) => tell('authentication.rejected', { actor, ...more })
  return { signs, tell, signIn, fail }
}

test('a guessed account was signed in to by a password alone, from a new browser, where many fail; its own people are none', () => {
  const { signs, tell, signIn } = seeing()
  const guessed = (at = 0) => signs.of('guessed', start + at).map(({ id }) => id)
  signIn('before')
  tell('authentication.stuffing_suspected', { data: { network: '192.0.2.1', accounts: 20 } })
  signIn('taken')
  signIn('known-browser', { newDevice: false })
  signIn('two-factors', { methods: ['pwd', 'otp', 'mfa'] })
  signIn('passkey', { methods: ['hwk', 'user'] })
  signIn('elsewhere', { address: '198.51.100.9' })
  assert.deepEqual(guessed(), ['taken'])
  assert.deepEqual(guessed(hourMs - 1), ['taken'])
  assert.deepEqual(guessed(hourMs), [])
  signIn('much-later', { at: hourMs })
  assert.deepEqual(guessed(hourMs), [])
})

test('while an organization is sprayed, an account is guessed where another one failed; a network that only succeeds is none', () => {
  const { signs, tell, signIn, fail } = seeing()
  tell('authentication.spraying_suspected', { data: { accounts: 100 } })
  fail('alice', { address: '203.0.113.1' })
  signIn('alice', { address: '203.0.113.1' })
  signIn('bob', { address: '203.0.113.2' })
  assert.deepEqual(signs.of('guessed', start), [])
  signIn('carol', { address: '203.0.113.1' })
  assert.deepEqual(
    signs.of('guessed', start).map(({ id, network }) => [id, network]),
    [['carol', '203.0.113.1']],
  )
})

test('one network counts the accounts of a quarter of an hour, the largest network; an IPv6 customer is one', () => {
  const { signs, signIn } = seeing()
  for (let index = 0; index < 5; index++) signIn(`a${index}`, { address: `2001:db8::${index + 1}` })
  signIn('other', { address: '192.0.2.7' })
  assert.equal(signs.of('one_network', start).length, 5)
  signIn('late', { address: '2001:db8::9', at: 16 * 60_000 })
  assert.equal(signs.of('one_network', start + 16 * 60_000).length, 5, 'what was seen stays for the hour')
  assert.equal(signs.of('one_network', start + hourMs + 1).length, 0)
})

test('contained principals and reused tokens count each principal once', () => {
  const { signs, tell } = seeing()
  const contain = (id: string) => tell('tokens.principal_contained', { object: { type: 'Machine', id } })
  for (const id of ['a', 'b', 'a']) contain(id)
  tell('tokens.revoked', { object: { type: 'User', id: 'c' } })
  tell('tokens.revoked', { object: { type: 'Application', id: 'd' } })
  for (const subject of ['a', 'b', 'b'])
    tell('tokens.grant_revoked', { data: { grantId: 'g', subject, reason: 'reuse_detected' } })
  tell('tokens.grant_revoked', { data: { grantId: 'g', subject: 'z', reason: 'signed_out' } })
  assert.equal(signs.of('contained', start).length, 3)
  assert.equal(signs.of('token_reuse', start).length, 2)
})
