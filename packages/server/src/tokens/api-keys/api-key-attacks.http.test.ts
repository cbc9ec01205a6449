import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { inKeyHouse } from '../../../test/support/key-house.ts'
import { FormBrowser, goodPassword } from '../../../test/support/people.ts'
import { postForm } from '../../../test/support/tokens.ts'
import { commandLineId } from '../built-in-client.ts'

const device = 'urn:ietf:params:oauth:grant-type:device_code'

onEachEngine('what a key is not for stays shut: by AuthZEN, through an application, after a containment', (scratch) =>
  inKeyHouse(scratch, async ({ api, asAlice, ask, call, alice, docs, home, machine, server, clock }) => {
    const made = await api('POST', '/api/api-keys', {
      owner: machine,
      name: 'k',
      applications: [docs],
      scopes: ['read'],
    })
    const { secret } = made.body
    const decide = async (action: string) => {
      const asked = {
        subject: { type: 'access_token', id: secret },
        action: { name: action },
        resource: { type: 'Docs::Document', id: '1' },
      }
      const answered = await api('POST', '/access/v1/evaluation', asked, { 'gatehouse-application': docs })
      assert.equal(answered.status, 200, JSON.stringify(answered.body))
      return answered.body.decision
    }
    assert.deepEqual([await decide('read'), await decide('write')], [true, false], 'AuthZEN holds a key to its scopes')

    // What a person lets an application do ends with that consent; a key that the application made of it would not.
    const tool = await api('POST', '/api/applications', {
      organizationId: home,
      name: 'tool',
      kind: 'native',
      grantTypes: [device],
      scopes: ['openid'],
    })
    assert.equal(tool.status, 201, JSON.stringify(tool.body))
    const tokenThrough = async (client_id: string) => {
      const form = { client_id, scope: 'openid gatehouse', resource: server.url }
      const { body: asked } = await postForm(`${server.url}/oauth/device_authorization`, form)
      assert.ok(asked.device_code, JSON.stringify(asked))
      const browser = await new FormBrowser(server.url).open('/oauth/device')
      await browser.submit('/oauth/device', { user_code: asked.user_code as string })
      await browser.submit('/oauth/device', {})
      await browser.submit('/sign-in', { login: 'alice', organization: 'home' })
      await browser.submit('/sign-in/password', { password: goodPassword })
      const onward = () => /<a [^>]*href="(\/oauth\/device\/[^"]+)"/.exec(browser.page)?.[1]
      if (onward() !== undefined) await browser.open(onward() as string)
      const consent = /action="(\/oauth\/consent\/[^"]+)"/.exec(browser.page)?.[1] as string
      await browser.submit(consent, { decision: 'allow' })
      await browser.open(onward() as string)
      clock.advanceMs(6_000)
      const got = await postForm(`${server.url}/oauth/token`, {
        grant_type: device,
        device_code: asked.device_code as string,
        client_id,
      })
      assert.equal(got.status, 200, JSON.stringify(got.body))
      return got.body.access_token as string
    }
    const make = (token: string, owner: string) =>
      call(token, 'POST', '/api/api-keys', { name: 'k', owner, applications: [docs] })
    const lent = await tokenThrough(tool.body.id)
    assert.equal((await call(lent, 'GET', '/api/me')).status, 200, 'the application may do what she may')
    for (const owner of [alice, machine])
      assert.deepEqual(await make(lent, owner), { status: 403, code: 'tokens.api_key_not_yours' })
    assert.equal((await make(await tokenThrough(commandLineId), alice)).status, 201, 'the command line is her own hand')

    const hers = (await asAlice('POST', '/api/api-keys', { name: 'k', applications: [docs] })).body
    const contained = await api('POST', '/api/contain', { id: alice, reason: 'a key leaked', parts: ['api-keys'] })
    assert.deepEqual(
      contained.body.steps.map(({ part, touched }: { part: string; touched: number }) => [part, touched]),
      [['api-keys', 2]],
    )
    await until(async () => (await ask(hers.secret)).status === 401)
    await api('POST', '/api/contain', { id: machine, reason: 'a key leaked' })
    await api('POST', `/api/machines/${machine}/activate`)
    await until(async () => (await api('GET', `/api/machines/${machine}`)).body.state === 'active')
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal((await ask(secret)).status, 401, 'what a containment ended stays ended')
    const { items } = (await api('GET', '/api/events?type=tokens.api_key_revoked')).body
    assert.deepEqual(
      items.map(({ data }: { data: { reason: string } }) => data.reason),
      ['contained', 'contained', 'contained'],
    )
  }),
)
