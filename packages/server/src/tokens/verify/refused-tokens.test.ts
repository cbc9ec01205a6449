import assert from 'node:assert/strict'
import type { FeedEvent } from '#feed'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf, signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

interface Told {
  readonly at: string
  readonly reason: string
  readonly token?: string
  readonly subject?: string
  readonly unrecorded?: number
}
const told = ({ data }: FeedEvent) => data as Told

onEachEngine(
  'a bearer token that does not count is on the record: where, why, and whose it was where we have signed it (RFC 6750 3.1)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs', scopes: ['openid'] })
    const job = await it.addClient({ name: 'job', kind: 'service' })
    const alice = await it.addPerson('alice')
    const { accessToken } = await signInTo(it, docs, alice)
    const own = { grant_type: 'client_credentials', resource: it.url }
    const { body } = await postForm(`${it.url}/oauth/token`, own, credentialsOf(job))
    const ours = body.access_token as string
    const [header, payload] = ours.split('.') as [string, string, string]
    const show = async (path: string, token: string) => {
      const response = await fetch(it.url + path, { headers: { authorization: `Bearer ${token}` } })
      await response.arrayBuffer()
      return response.status
    }
    const all = () => it.events('tokens.token_refused')
    const next = async (path: string, token: string) => {
      const before = (await all()).length
      assert.equal(await show(path, token), 401)
      await within(5_000, async () => (await all()).length > before)
      const events = await all()
      assert.equal(events.length, before + 1)
      return events.at(-1) as FeedEvent
    }
    assert.equal(await show('/test/whoami', ours), 200)
    const forged = `${header}.${payload}.${'A'.repeat(86)}`
    const unknown = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'nobody' })).toString('base64url')
    const rows: [string, string, string][] = [
      ['/test/whoami', forged, 'wrong_signature'],
      ['/test/whoami', `${unknown}.${payload}.${'A'.repeat(86)}`, 'unknown_key'],
      ['/test/whoami', accessToken, 'other_audience'],
      ['/oauth/userinfo', forged, 'wrong_signature'],
      ['/oauth/userinfo', 'opaque-and-made-up', 'malformed'],
    ]
    for (const [path, token, reason] of rows) {
      const event = await next(path, token)
      const { at, reason: why, subject } = told(event)
      assert.deepEqual([at, why], [path === '/oauth/userinfo' ? 'userinfo' : 'api', reason])
      assert.equal(subject, reason === 'other_audience' ? alice.id : undefined, 'what nobody signed says nothing')
      assert.equal(event.outcome, 'denied')
    }
    await postForm(`${it.url}/oauth/revoke`, { token: ours }, credentialsOf(job))
    const revoked = told(await next('/test/whoami', ours))
    assert.deepEqual([revoked.reason, revoked.subject], ['revoked', job.application.id])
    const issued = (await it.events('tokens.token_issued')).map((event) => (event.data as { token: string }).token)
    assert.ok(issued.includes(revoked.token as string), 'it is told which token that was')

    // Nobody fills the log: an address has ten, then one in ten seconds, and the next says how many there were.
    const before = (await all()).length
    for (let n = 0; n < 30; n++) await show('/test/whoami', forged)
    const flood = (await all()).length - before
    assert.ok(flood >= 2 && flood <= 6, `${flood} of 30`)
    it.clock.movedMs += 11_000
    const after = told(await next('/test/whoami', forged))
    assert.ok((after.unrecorded as number) >= 24, `${after.unrecorded} were left out`)
    // One that has only run out is the way of things.
    it.clock.movedMs += 3_600_000
    const expired = (await all()).length
    assert.equal(await show('/oauth/userinfo', accessToken), 401)
    await next('/test/whoami', forged)
    assert.equal((await all()).length, expired + 1)
    const text = JSON.stringify(await all())
    for (const secret of [ours, accessToken, forged]) assert.ok(!text.includes(secret))
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)
