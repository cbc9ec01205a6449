import assert from 'node:assert/strict'
import * as openid from 'openid-client'
import type { User } from '#directory'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { listenAsOther } from '../../../test/support/listener.ts'
import { keyedClient } from '../../../test/support/openid.ts'
import { within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, type TokensFixture } from '../../../test/support/tokens.ts'

const grantTypes = ['urn:openid:params:grant-type:ciba', 'refresh_token'] as const
const input = { name: 'till', redirectUris: [], grantTypes: [...grantTypes] }

interface Asked {
  readonly application: string
  readonly message?: string
  readonly action: string
  readonly fields: Record<string, string>
}

async function answer(it: TokensFixture, user: User, decision: string): Promise<Asked> {
  const browser = new TestBrowser()
  browser.set(it.signIn(user).cookie)
  const { requests } = JSON.parse(await (await browser.get(`${it.url}/oauth/requests`)).text()) as { requests: Asked[] }
  const [asked] = requests as [Asked]
  const response = await browser.post(`${it.url}${asked.action}`, { ...asked.fields, decision }, { origin: it.url })
  assert.equal(response.status, 303, await response.text())
  return asked
}

onEachEngine(
  'CIBA poll by openid-client: asked, shown with its message, allowed, tokens (CIBA 7, 10.1)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { config } = await keyedClient(it, input)
    const alice = await it.addPerson('alice')
    const bob = await it.addPerson('bob')
    const asked = await openid.initiateBackchannelAuthentication(config, {
      scope: 'openid profile',
      login_hint: 'alice',
      binding_message: 'K-417',
    })
    const [event] = await it.events('tokens.sign_in_requested')
    assert.equal(event?.object.id, alice.id)
    const shown = await answer(it, alice, 'allow')
    assert.deepEqual([shown.application, shown.message], ['till', 'K-417'])
    const tokens = await openid.pollBackchannelAuthenticationGrant(config, { ...asked, interval: 1 })
    assert.equal(tokens.claims()?.sub, alice.id)
    const rows = await it.storage.db.selectFrom('token_artifacts').selectAll().execute()
    assert.equal(JSON.stringify(rows).includes(asked.auth_req_id), false, 'the request id is not stored')

    const next = await openid.initiateBackchannelAuthentication(config, {
      scope: 'openid',
      login_hint: 'alice@example.com',
    })
    const other = new TestBrowser()
    other.set(it.signIn(bob).cookie)
    const page = JSON.parse(await (await other.get(`${it.url}/oauth/requests`)).text()) as { requests: unknown[] }
    assert.deepEqual(page.requests, [], 'requests of others are not shown')
    await answer(it, alice, 'deny')
    await assert.rejects(openid.pollBackchannelAuthenticationGrant(config, { ...next, interval: 1 }), {
      error: 'access_denied',
    })
    await assert.rejects(openid.initiateBackchannelAuthentication(config, { scope: 'openid', login_hint: 'nobody' }), {
      error: 'unknown_user_id',
    })
    assert.deepEqual(
      (await it.events('tokens.sign_in_answered')).map(({ data }) => (data as { decision: string }).decision),
      ['allow', 'deny'],
    )
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)

onEachEngine(
  'CIBA ping: the client is told once the answer is kept, with its own token (CIBA 10.2)',
  async (scratch) => {
    const other = await listenAsOther(() => 204)
    const it = await openTokensFixture(scratch)
    const oauth = { cibaDelivery: 'ping', cibaNotificationUri: `${other.url}/ping` } as const
    const { config } = await keyedClient(it, { ...input, oauth })
    const alice = await it.addPerson('alice')
    const asked = await openid.initiateBackchannelAuthentication(config, {
      scope: 'openid',
      login_hint: 'alice',
      client_notification_token: 'swordfish-0123456789abcdef',
    })
    await answer(it, alice, 'allow')
    await within(5_000, () => other.heard.length === 1)
    assert.equal(other.heard[0]?.headers.authorization, 'Bearer swordfish-0123456789abcdef')
    assert.deepEqual(JSON.parse(other.heard[0]?.body ?? ''), { auth_req_id: asked.auth_req_id })
    const tokens = await openid.pollBackchannelAuthenticationGrant(config, { ...asked, interval: 1 })
    assert.equal(tokens.claims()?.sub, alice.id)
    await it.close()
    await other.close()
  },
)

onEachEngine(
  'nobody is flooded with requests: a few may wait for one person, and the next is refused',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { config } = await keyedClient(it, input)
    const alice = await it.addPerson('alice')
    await it.addPerson('bob')
    const ask = (login_hint: string) =>
      openid.initiateBackchannelAuthentication(config, { scope: 'openid', login_hint })
    for (let n = 0; n < 10; n++) await ask('alice')
    await assert.rejects(ask('alice'), { error: 'access_denied' })
    await ask('bob')
    await answer(it, alice, 'deny')
    await ask('alice')
    assert.equal((await it.events('tokens.sign_in_requested')).length, 12)
    await it.close()
  },
)
