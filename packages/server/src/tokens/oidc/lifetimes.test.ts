import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeJwt } from 'jose'
import { defaultOAuth, updateOrganization } from '#directory'
import { systemEntropy } from '#kernel'
import { systemAct, testGate } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf, signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'
import type { RegisteredClient } from '../ports.ts'
import { accessTokenSeconds, refreshTokenSeconds } from './lifetimes.ts'

const machine = { type: 'machine', grantTypes: ['client_credentials'], limits: {}, oauth: defaultOAuth }
const of = (more: object) => ({ ...machine, ...more }) as unknown as RegisteredClient

test('machine tokens live 15 minutes, people’s five, none more than an hour; a fleet ends over a tenth of it', () => {
  const person = { type: 'application', grantTypes: ['authorization_code'] }
  assert.equal(
    accessTokenSeconds(of({}), () => 0),
    900,
  )
  assert.equal(
    accessTokenSeconds(of(person), () => 0),
    300,
  )
  assert.equal(
    accessTokenSeconds(of({ accessTokenSeconds: 86_400 }), () => 0),
    3_600,
  )
  assert.equal(
    accessTokenSeconds(of({}), () => 0.999_999),
    811,
  )
})

test('an organization’s limit only tightens', () => {
  const limits = { machineTokenSeconds: 120, accessTokenSeconds: 60, refreshTokenSeconds: 3_600 }
  assert.equal(
    accessTokenSeconds(of({ limits }), () => 0),
    120,
  )
  assert.equal(
    accessTokenSeconds(of({ limits: { machineTokenSeconds: 3_600 } }), () => 0),
    900,
  )
  assert.equal(refreshTokenSeconds(of({ limits, refreshTokenSeconds: 86_400 })), 3_600)
  assert.equal(refreshTokenSeconds(of({ limits, refreshTokenSeconds: 600 })), 600)
})

onEachEngine('a limit that an organization sets holds for the next token', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const docs = await it.addClient({ name: 'docs' })
  const alice = await it.addPerson('alice')
  const livesOf = async () => {
    const { exp, iat } = decodeJwt((await signInTo(it, docs, alice)).accessToken) as { exp: number; iat: number }
    return exp - iat
  }
  assert.ok((await livesOf()) > 270)
  const deps = { storage: it.storage, clock: it.clock, entropy: systemEntropy, gate: testGate().gate }
  await updateOrganization(deps, systemAct, it.home.id, { settings: { tokens: { accessTokenSeconds: 60 } } })
  await within(5_000, async () => (await livesOf()) <= 60)
  await it.close()
})

onEachEngine('one client that asks too often waits, and no other does (RFC 6585 4)', async (scratch) => {
  const it = await openTokensFixture(scratch, { requestsPerSecond: 2 })
  const hasty = await it.addClient({ name: 'hasty', kind: 'service' })
  const calm = await it.addClient({ name: 'calm', kind: 'service' })
  const form = { grant_type: 'client_credentials' }
  const ask = (client: typeof hasty) => postForm(`${it.url}/oauth/token`, form, credentialsOf(client))
  const wrong = { ...credentialsOf(calm), secret: 'guess' }
  for (let n = 0; n < 20; n++) assert.equal((await postForm(`${it.url}/oauth/token`, form, wrong)).status, 401)
  const replies = await Promise.all(Array.from({ length: 12 }, () => ask(hasty)))
  const late = replies.find(({ status }) => status === 429)
  assert.ok(late)
  assert.equal(late.body.error, 'temporarily_unavailable')
  assert.ok(Number(late.headers.get('retry-after')) >= 1)
  assert.ok(replies.filter(({ status }) => status === 200).length >= 6)
  assert.equal((await ask(calm)).status, 200, 'whoever pretends to be a client uses nothing up')
  it.clock.movedMs = 2_000
  assert.equal((await ask(hasty)).status, 200)
  const issued = await it.events('tokens.token_issued')
  const granted = replies.filter(({ status }) => status === 200).length + 2
  assert.equal(issued.length, granted, 'a refused request leaves nothing')
  await it.close()
})
