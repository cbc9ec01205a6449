import assert from 'node:assert/strict'
import { decodeJwt } from 'jose'
import * as openid from 'openid-client'
import { TestBrowser } from '../../../test/support/browser.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { configure } from '../../../test/support/openid.ts'
import type { TokensFixture } from '../../../test/support/tokens.ts'
import { openTokensFixture } from '../../../test/support/tokens.ts'

const grant = 'urn:ietf:params:oauth:grant-type:device_code' as const

async function begin(it: TokensFixture) {
  const { application } = await it.addClient({
    name: 'cli',
    kind: 'native',
    grantTypes: [grant, 'refresh_token'],
    consentRequired: false,
    redirectUris: [],
  })
  const config = await configure(it, application.id, openid.None())
  const asked = await openid.initiateDeviceAuthorization(config, { scope: 'openid profile' })
  return { application, config, asked }
}

const pageOf = async (response: Response) =>
  JSON.parse(await response.text()) as Record<string, never> & { page: string; fields: Record<string, string> }

onEachEngine('device flow by openid-client: code, confirmation, consent, tokens (RFC 8628 3)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const { config, asked } = await begin(it)
  assert.equal(asked.verification_uri, `${it.url}/oauth/device`)
  assert.match(asked.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  const alice = await it.addPerson('alice')
  const browser = new TestBrowser()
  browser.set(it.signIn(alice).cookie)
  const first = await pageOf(await browser.get(asked.verification_uri))
  assert.equal(first.page, 'deviceCode')
  const wrong = await pageOf(await browser.post(asked.verification_uri, { ...first.fields, user_code: 'BBBB-BBBB' }))
  assert.equal(wrong.page, 'deviceCode')
  assert.ok(wrong.wrong)
  const confirm = await pageOf(
    await browser.post(asked.verification_uri, { ...wrong.fields, user_code: asked.user_code.toLowerCase() }),
  )
  assert.equal(confirm.page, 'deviceConfirm')
  assert.equal(confirm.code, asked.user_code)
  assert.equal(confirm.application, 'cli')
  const go = await browser.post(asked.verification_uri, confirm.fields)
  assert.equal(go.status, 303, await go.clone().text())
  const consentAt = new URL(go.headers.get('location') as string, it.url)
  assert.match(consentAt.pathname, /^\/oauth\/consent\//)
  const consent = (await pageOf(await browser.get(consentAt))) as unknown as {
    csrf: string
    action: string
    goesTo: string
  }
  assert.equal(consent.goesTo, undefined)
  const onward = await browser.post(
    new URL(consent.action, it.url),
    { csrf: consent.csrf, decision: 'allow' },
    { origin: it.url },
  )
  const { address } = JSON.parse(await onward.text()) as { address: string }
  const done = await pageOf(await browser.get(new URL(address, it.url)))
  assert.equal(done.page, 'deviceDone')
  const tokens = await openid.pollDeviceAuthorizationGrant(config, { ...asked, interval: 1 })
  assert.equal(tokens.claims()?.sub, alice.id)
  assert.ok(tokens.refresh_token)
  assert.equal(decodeJwt(tokens.access_token).sub, alice.id)
  await assert.rejects(openid.pollDeviceAuthorizationGrant(config, { ...asked, interval: 1 }), {
    error: 'invalid_grant',
  })
  const rows = await it.storage.db.selectFrom('token_artifacts').selectAll().execute()
  for (const secret of [asked.device_code, asked.user_code, asked.user_code.replace('-', '')])
    assert.equal(JSON.stringify(rows).includes(secret), false, 'codes are not stored')
  assert.deepEqual(it.errors, [])
  await it.close()
})

onEachEngine(
  'a device that the person does not know is refused, and one that polls too fast is slowed (RFC 8628 3.5, 5.4)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { application, config, asked } = await begin(it)
    const browser = new TestBrowser()
    browser.set(it.signIn(await it.addPerson('alice')).cookie)
    const poll = async (device_code = asked.device_code) => {
      const form = { grant_type: grant, device_code, client_id: application.id }
      const response = await fetch(`${it.url}/oauth/token`, { method: 'POST', body: new URLSearchParams(form) })
      return ((await response.json()) as { error: string }).error
    }
    assert.equal(await poll(), 'authorization_pending')
    assert.equal(await poll(), 'slow_down')
    it.clock.movedMs += 10_000
    assert.equal(await poll(), 'authorization_pending')
    const first = await pageOf(await browser.get(asked.verification_uri))
    const confirm = await pageOf(
      await browser.post(asked.verification_uri, { ...first.fields, user_code: asked.user_code }),
    )
    const { confirm: _, ...fields } = confirm.fields
    const refused = await pageOf(await browser.post(asked.verification_uri, { ...fields, abort: 'yes' }))
    assert.equal(refused.wrong, 'aborted')
    it.clock.movedMs += 10_000
    assert.equal(await poll(), 'access_denied')

    const late = await openid.initiateDeviceAuthorization(config, { scope: 'openid' })
    it.clock.movedMs += late.expires_in * 1_000
    assert.equal(await poll(late.device_code), 'expired_token')
    it.clock.movedMs += 120_000
    assert.equal(await poll(late.device_code), 'invalid_grant', 'and is forgotten')
    await it.close()
  },
)

onEachEngine(
  'the address with the code in it asks nothing less, and its page runs under the policy without script',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { asked } = await begin(it)
    const browser = new TestBrowser()
    const response = await browser.get(asked.verification_uri_complete as string)
    const html = await response.text()
    const policy = response.headers.get('content-security-policy') as string
    assert.match(policy, /default-src 'none'; script-src 'sha256-[^']+'/)
    assert.match(html, /<button type="submit">Continue<\/button>/)
    const fields = Object.fromEntries(
      [...html.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name, value]) => [name, value]),
    )
    const confirm = await pageOf(await browser.post(asked.verification_uri, fields as Record<string, string>))
    assert.equal(confirm.page, 'deviceConfirm')
    await it.close()
  },
)

onEachEngine(
  'codes of devices are not guessed: after twenty from one address each waits (RFC 8628 5.1)',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const { asked } = await begin(it)
    const browser = new TestBrowser()
    let page = await pageOf(await browser.get(asked.verification_uri))
    for (let n = 0; n < 20; n++)
      page = await pageOf(await browser.post(asked.verification_uri, { ...page.fields, user_code: 'BBBB-BBBB' }))
    const refused = await browser.post(asked.verification_uri, { ...page.fields, user_code: asked.user_code })
    assert.equal(refused.status, 429)
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    it.clock.movedMs = 6_000
    assert.equal(
      (await browser.post(asked.verification_uri, { ...page.fields, user_code: asked.user_code })).status,
      200,
    )
    await it.close()
  },
)
