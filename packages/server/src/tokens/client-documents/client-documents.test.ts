import assert from 'node:assert/strict'
import { decodeJwt } from 'jose'
import { updateOrganization } from '#directory'
import { systemEntropy } from '#kernel'
import { Outgoing } from '#web'
import { TestBrowser } from '../../../test/support/browser.ts'
import { systemAct, testGate } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { pkce, signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm, type TokensFixture } from '../../../test/support/tokens.ts'

const address = 'https://agent.example/oauth/client.json'
const redirect_uri = 'http://127.0.0.1:33418/callback'
const good = {
  client_id: address,
  client_name: 'Agent',
  redirect_uris: [redirect_uri],
  grant_types: ['authorization_code', 'refresh_token'],
}

/** The way out, with this one address answered from here. */
function documentsAre(answer: () => { status?: number; body: string; headers?: Record<string, string> }) {
  const asked: string[] = []
  const real = new Outgoing([])
  const outgoing = {
    send: (url: string, options: object) => {
      asked.push(url)
      if (!url.startsWith('https://agent.example/')) return real.send(url, options)
      const { status = 200, body, headers = {} } = answer()
      return Promise.resolve({ status, headers, body: Buffer.from(body) })
    },
  }
  return { asked, outgoing: outgoing as unknown as Outgoing }
}

async function allow(it: TokensFixture, clientMetadataHosts: string[]): Promise<void> {
  const deps = { storage: it.storage, clock: it.clock, entropy: systemEntropy, gate: testGate().gate }
  await updateOrganization(deps, systemAct, it.home.id, { settings: { tokens: { clientMetadataHosts } } })
}

function ask(it: TokensFixture, clientId: string, more: Record<string, string> = {}): URL {
  const url = new URL('/oauth/authorize', it.url)
  const { challenge, ...rest } = { challenge: pkce().challenge, ...more }
  url.search = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri,
    scope: 'openid',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...rest,
  }).toString()
  return url
}

onEachEngine(
  'an agent that nobody registered acts at an application, once the person was asked and shown its host (CIMD, RFC 8707)',
  async (scratch) => {
    const { outgoing, asked } = documentsAre(() => ({ body: JSON.stringify(good) }))
    const it = await openTokensFixture(scratch, { outgoing })
    const tools = await it.addClient({
      name: 'tools',
      scopes: ['openid', 'tools:call'],
      origins: ['https://mcp.example'],
    })
    const alice = await it.addPerson('alice')
    const refused = await fetch(ask(it, address), { redirect: 'manual' })
    assert.equal(refused.status, 400, 'off by default')
    assert.deepEqual(asked, [], 'and nothing is fetched')
    await allow(it, ['agent.example'])
    await within(5_000, async () => (await discovery(it)).client_id_metadata_document_supported === true)

    const { verifier, challenge } = pkce()
    const browser = new TestBrowser()
    browser.set(it.signIn(alice).cookie)
    const resource = 'https://mcp.example/mcp'
    const first = await browser.get(ask(it, address, { challenge, resource, scope: 'openid tools:call' }))
    const location = first.headers.get('location') as string
    assert.match(location, /^\/oauth\/consent\//)
    const page = JSON.parse(await (await browser.get(new URL(location, it.url))).text())
    assert.equal(page.application, 'Agent (agent.example)')
    assert.deepEqual(page.others, ['tools'])
    const onward = await browser.post(
      new URL(page.action, it.url),
      { csrf: page.csrf, decision: 'allow' },
      { origin: it.url },
    )
    const back = new URL(
      (await browser.get(new URL(JSON.parse(await onward.text()).address, it.url))).headers.get('location') as string,
    )
    const code = back.searchParams.get('code') as string
    assert.equal(back.searchParams.get('iss'), it.url)
    const { status, body } = await postForm(`${it.url}/oauth/token`, {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri,
      client_id: address,
      resource,
    })
    assert.equal(status, 200, JSON.stringify(body))
    const claims = decodeJwt(body.access_token as string)
    assert.equal(claims.aud, tools.application.id)
    assert.equal(claims.client_id, address)
    assert.match(claims.scope as string, /tools:call/)
    assert.ok(it.tokens.verifyAccessToken(body.access_token as string, tools.application.id))
    // Once more at most: what is read while a change of its organization comes in is used and not kept (`ClientCache`).
    assert.ok(asked.length <= 2, 'read, and kept for a while')
    await it.close()
  },
)

onEachEngine('a hostile document or address makes no client (CIMD 3, 4.1)', async (scratch) => {
  let body = ''
  const { outgoing, asked } = documentsAre(() => ({ body }))
  const it = await openTokensFixture(scratch, { outgoing })
  await allow(it, ['*'])
  await within(5_000, async () => (await discovery(it)).client_id_metadata_document_supported === true)
  const bad: [string, unknown][] = [
    ['another client_id', { ...good, client_id: 'https://agent.example/other' }],
    ['a secret', { ...good, client_secret: 'x' }],
    ['authentication by secret', { ...good, token_endpoint_auth_method: 'client_secret_basic' }],
    ['no address', { ...good, redirect_uris: [] }],
    ['a wildcard', { ...good, redirect_uris: ['https://*.example/'] }],
    ['a script', { ...good, redirect_uris: ['javascript:alert(1)'] }],
    ['a list', []],
    ['not JSON', undefined],
  ]
  for (const [index, [what, document]] of bad.entries()) {
    const id = `https://agent.example/${index}`
    body = document === undefined ? '{' : JSON.stringify(document).replaceAll(address, id)
    assert.equal((await fetch(ask(it, id), { redirect: 'manual' })).status, 400, what)
  }
  const before = asked.length
  for (const id of [
    'http://agent.example/client.json',
    'https://agent.example',
    'https://agent.example/a/../b',
    'https://user@agent.example/c',
    'https://agent.example/c#x',
    'https://AGENT.example/c',
    'https://agent.example/\\c',
  ])
    assert.equal((await fetch(ask(it, id), { redirect: 'manual' })).status, 400, id)
  assert.equal(asked.length, before, 'none of them is fetched')
  for (const id of [
    'https://127.0.0.1/c',
    'https://[::1]/c',
    'https://169.254.169.254/latest',
    'https://10.0.0.1/c',
    'https://localhost/c',
  ])
    assert.equal((await fetch(ask(it, id), { redirect: 'manual' })).status, 400, id)
  await it.close()
})

onEachEngine('protected resource metadata, and a 401 that says where it is (RFC 9728 3, 5.1)', async (scratch) => {
  const it = await openTokensFixture(scratch)
  const tools = await it.addClient({
    name: 'tools',
    scopes: ['openid', 'tools:call'],
    origins: ['https://mcp.example'],
  })
  const read = async (path: string) =>
    (await (await fetch(`${it.url}/.well-known/oauth-protected-resource${path}`)).json()) as Record<string, unknown>
  const own = await read('')
  assert.equal(own.resource, it.url)
  assert.deepEqual(own.authorization_servers, [it.url])
  const refused = await fetch(`${it.url}/test/whoami`, {
    headers: { authorization: 'Bearer eyJ0eXAiOiJhdCtqd3QifQ.e30.AA' },
  })
  assert.equal(refused.status, 401)
  const challenge = `Bearer resource_metadata="${it.url}/.well-known/oauth-protected-resource"`
  assert.equal(refused.headers.get('www-authenticate'), challenge)
  const person = await signInTo(it, tools, await it.addPerson('alice'), { resource: it.url })
  const short = await fetch(`${it.url}/test/whoami`, { headers: { authorization: `Bearer ${person.accessToken}` } })
  assert.equal(short.status, 403)
  assert.match(
    short.headers.get('www-authenticate') as string,
    /error="insufficient_scope", scope="gatehouse", resource_metadata=/,
  )
  const other = await read(`/${tools.application.id}`)
  assert.equal(other.resource, 'https://mcp.example')
  assert.deepEqual(other.scopes_supported, ['tools:call'])
  await it.close()
})

async function discovery(it: TokensFixture) {
  return (await (await fetch(`${it.url}/.well-known/openid-configuration`)).json()) as {
    client_id_metadata_document_supported?: boolean
  }
}
