import assert from 'node:assert/strict'
import { decodeJwt } from 'jose'
import * as openid from 'openid-client'
import { testGate } from '../../../test/support/directory.ts'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { credentialsOf, signInTo, type TestClient, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm, type TokensFixture } from '../../../test/support/tokens.ts'
import { paths } from '../oidc/paths.ts'
import { exchangeGrant } from './grant-types.ts'
import { tokenTypes } from './issue.ts'

interface Stage {
  readonly it: TokensFixture
  readonly web: TestClient
  readonly files: TestClient
  readonly agent: { id: string; secret: string; owner: string }
  readonly user: string
  /** A person's token for `web`. */
  readonly token: string
  readonly asked: string[]
  readonly sessionId: string
  /** Opens or closes what the gate says of acting for others. */
  allow(actions: readonly string[]): void
  exchange(client: { id: string; secret: string }, form: Record<string, string>): ReturnType<typeof postForm>
}

const staged = (scratch: Scratch, body: (stage: Stage) => Promise<void>) => async () => {
  let allowed: readonly string[] = ['actFor']
  const { gate, asked } = testGate((action) => allowed.includes(action))
  const it = await openTokensFixture(scratch, { gate })
  try {
    const scopes = ['openid', 'read', 'write']
    const web = await it.addClient({ name: 'web', scopes })
    const files = await it.addClient({ name: 'files', scopes, origins: ['https://files.example'] })
    const user = await it.addPerson('alice')
    const owner = await it.addPerson('olga')
    const { machine, secret } = await it.addMachine({ name: 'agent', owner: owner.id, scopes })
    const signedIn = await signInTo(it, web, user, { scope: 'openid read write' })
    await body({
      it,
      web,
      files,
      agent: { id: machine.id, secret, owner: owner.id },
      user: user.id,
      token: signedIn.accessToken,
      sessionId: signedIn.session.id,
      asked,
      allow: (actions) => {
        allowed = actions
      },
      exchange: (client, form) =>
        postForm(
          `${it.url}${paths.token}`,
          { grant_type: exchangeGrant, subject_token_type: tokenTypes.accessToken, ...form },
          client,
        ),
    })
  } finally {
    await it.close()
  }
}
const onStage = (name: string, body: (stage: Stage) => Promise<void>) =>
  onEachEngine(name, (scratch) => staged(scratch, body)())

onStage(
  'delegation: the subject stays, the actor is named, fewer scopes, another audience (RFC 8693 4.1)',
  async (s) => {
    const { it, web, files, token, exchange } = s
    const got = await exchange(credentialsOf(web), {
      subject_token: token,
      audience: files.application.id,
      scope: 'read',
    })
    assert.equal(got.status, 200, JSON.stringify([got.body, it.errors]))
    assert.equal(got.body.issued_token_type, tokenTypes.accessToken)
    assert.equal(got.headers.get('cache-control'), 'no-store')
    const before = decodeJwt(token)
    const claims = decodeJwt(got.body.access_token as string)
    assert.equal(claims.sub, s.user)
    assert.equal(claims.aud, files.application.id)
    assert.equal(claims.scope, 'read')
    assert.equal(claims.client_id, web.application.id)
    assert.deepEqual(claims.act, { sub: web.application.id })
    for (const name of ['sid', 'gid', 'acr', 'auth_time']) assert.equal(claims[name], before[name], name)
    assert.ok((claims.exp as number) <= (before.exp as number))

    const known = await postForm(
      `${it.url}${paths.introspection}`,
      { token: got.body.access_token as string },
      credentialsOf(files),
    )
    assert.equal(known.body.active, true, JSON.stringify([known.body, it.errors]))
    assert.equal(known.body.sub, s.user)
    assert.deepEqual(known.body.act, { sub: web.application.id })

    const [event] = await it.events('tokens.token_exchanged')
    assert.equal(event?.actor.id, web.application.id)
    const data = event?.data as { subject: string; actors: string[] }
    assert.deepEqual([data.subject, data.actors], [s.user, [web.application.id]])
    assert.equal(JSON.stringify(event).includes(token), false)
  },
)

onStage('an agent acts for a person: a chain of both, with who answers for the agent', async (s) => {
  const { it, web, files, agent, token, exchange } = s
  const first = await exchange(credentialsOf(web), { subject_token: token, audience: files.application.id })
  const second = await exchange(credentialsOf(files), { subject_token: first.body.access_token as string })
  assert.equal(second.status, 200, JSON.stringify(second.body))
  // The same audience and the same scopes: for itself, `files` narrows nothing and yet becomes the actor.
  assert.deepEqual(decodeJwt(second.body.access_token as string).act, {
    sub: files.application.id,
    act: { sub: web.application.id },
  })
  const own = await postForm(
    `${it.url}${paths.token}`,
    { grant_type: 'client_credentials', resource: `urn:gatehouse:${files.application.id}` },
    agent,
  )
  assert.equal(decodeJwt(own.body.access_token as string).owner, agent.owner)
  const third = await exchange(credentialsOf(files), {
    subject_token: first.body.access_token as string,
    actor_token: own.body.access_token as string,
    actor_token_type: tokenTypes.accessToken,
  })
  assert.equal(third.status, 200, JSON.stringify(third.body))
  const claims = decodeJwt(third.body.access_token as string)
  assert.equal(claims.sub, s.user)
  assert.deepEqual(claims.act, { sub: agent.id, owner: agent.owner, act: { sub: web.application.id } })
  assert.ok(it.tokens.verifyAccessToken(third.body.access_token as string, files.application.id))
})

onStage('a chain is at most four actors long', async (s) => {
  const { it, web, files, token, exchange } = s
  let held = token
  const clients = [web, files]
  for (let hand = 0; hand < 4; hand++) {
    const [by, next] = [clients[hand % 2], clients[(hand + 1) % 2]] as [TestClient, TestClient]
    const got = await exchange(credentialsOf(by), { subject_token: held, audience: next.application.id })
    assert.equal(got.status, 200, JSON.stringify(got.body))
    held = got.body.access_token as string
  }
  const refused = await exchange(credentialsOf(web), { subject_token: held, audience: files.application.id })
  assert.equal(refused.status, 400)
  assert.equal(refused.body.error, 'invalid_request')
  assert.match(String(refused.body.error_description), /four|4/)
  assert.equal((await it.events('tokens.exchange_refused')).length, 1)
})

onStage('an exchange never widens: refused, and on record (RFC 8693 1.1)', async (s) => {
  const { it, web, files, agent, token, exchange } = s
  const narrow = await exchange(credentialsOf(web), { subject_token: token, scope: 'read' })
  assert.equal(narrow.status, 200, JSON.stringify(narrow.body))
  assert.equal(decodeJwt(narrow.body.access_token as string).act, undefined, 'for itself nobody acts')
  const held = narrow.body.access_token as string
  const wider: [string, { id: string; secret: string }, Record<string, string>, string][] = [
    ['a scope it does not have', credentialsOf(web), { subject_token: held, scope: 'read write' }, 'invalid_scope'],
    ["Gatehouse's own API", credentialsOf(web), { subject_token: token, resource: it.url }, 'invalid_target'],
    ['a token of somebody else', agent, { subject_token: token }, 'invalid_request'],
    ['what is no token', credentialsOf(web), { subject_token: 'nothing' }, 'invalid_request'],
    [
      'what is no token of an actor',
      credentialsOf(web),
      { subject_token: token, actor_token: 'x.y.z', actor_token_type: tokenTypes.accessToken },
      'invalid_request',
    ],
  ]
  for (const [what, client, form, error] of wider) {
    const before = (await it.events('tokens.exchange_refused')).length
    const got = await exchange(client, form)
    assert.deepEqual([what, got.status, got.body.error], [what, 400, error])
    assert.equal((await it.events('tokens.exchange_refused')).length, before + 1, what)
  }
  s.allow([])
  const denied = await exchange(credentialsOf(web), { subject_token: token, audience: files.application.id })
  assert.deepEqual([denied.status, denied.body.error], [400, 'invalid_request'])
  const last = (await it.events('tokens.exchange_refused')).at(-1)?.data as { subject: string; actor: string }
  assert.deepEqual([last.subject, last.actor], [s.user, web.application.id])
  s.allow(['actFor'])
  const unnamed = await exchange(credentialsOf(web), {
    subject_token: token,
    audience: files.application.id,
    act: 'none',
  })
  assert.equal(unnamed.status, 400, 'to impersonate is another action than to act for')
  s.allow(['impersonate'])
  const impersonated = await exchange(credentialsOf(web), {
    subject_token: token,
    audience: files.application.id,
    act: 'none',
  })
  assert.equal(impersonated.status, 200)
  const claims = decodeJwt(impersonated.body.access_token as string)
  assert.deepEqual([claims.sub, claims.act], [s.user, undefined])
})

onStage('what came from a token ends with it, with its session, and with whoever acts', async (s) => {
  const { it, web, files, token, exchange } = s
  const audience = files.application.id
  const derive = async () =>
    (await exchange(credentialsOf(web), { subject_token: token, audience })).body.access_token as string
  const derived = await derive()
  assert.ok(it.tokens.verifyAccessToken(derived, audience))
  await postForm(`${it.url}${paths.revocation}`, { token }, credentialsOf(web))
  await within(2_000, () => it.tokens.verifyAccessToken(derived, audience) === undefined)
  const again = await exchange(credentialsOf(web), { subject_token: token, audience })
  assert.equal(again.status, 400)
})

onStage('openid-client exchanges a token as it is (RFC 8693 2)', async (s) => {
  const { it, web, files, token } = s
  const options = { execute: [openid.allowInsecureRequests] }
  const config = await openid.discovery(new URL(it.url), web.application.id, web.secret, undefined, options)
  assert.ok(config.serverMetadata().grant_types_supported?.includes(exchangeGrant))
  const got = await openid.genericGrantRequest(config, exchangeGrant, {
    subject_token: token,
    subject_token_type: tokenTypes.accessToken,
    resource: 'https://files.example',
  })
  assert.equal(decodeJwt(got.access_token).aud, files.application.id)
})
