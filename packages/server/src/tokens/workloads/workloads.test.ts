import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as oauth from 'oauth4webapi'
import { addMachineSecret, changeMachine, type Machine, type TrustInput } from '#directory'
import { systemEntropy } from '#kernel'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { githubClaims, OutsideIssuer } from '../../../test/support/outside-issuer.ts'
import { within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm, type TokensFixture } from '../../../test/support/tokens.ts'
import { assertionGrant, exchangeGrant } from '../exchange/grant-types.ts'
import { tokenTypes } from '../exchange/issue.ts'
import { paths } from '../oidc/paths.ts'

const condition = 'context.claims.repository == "acme/app" && context.claims.ref == "refs/heads/main"'

interface Stage {
  readonly it: TokensFixture
  readonly issuer: OutsideIssuer
  readonly machine: Machine
  readonly docs: string
  trust(trusts: readonly TrustInput[], machine?: Machine): Promise<Machine>
  ask(assertion: string, more?: Record<string, string>): ReturnType<typeof postForm>
}

const onStage = (name: string, body: (stage: Stage) => Promise<void>) =>
  onEachEngine(name, async (scratch: Scratch) => {
    const it = await openTokensFixture(scratch)
    const issuer = await OutsideIssuer.open()
    try {
      const owner = await it.addPerson('olga')
      const { machine } = await it.addMachine({ name: 'deploy', owner: owner.id, scopes: ['read', 'write'] })
      const { application } = await it.addClient({ name: 'docs', kind: 'service', scopes: ['read'] })
      const deps = { clock: it.clock, entropy: systemEntropy }
      const trust: Stage['trust'] = (trusts, whose = machine) =>
        it.storage.transact((tx) => changeMachine(tx, deps, systemAct, whose.id, { trusts }))
      const ask: Stage['ask'] = (assertion, more = {}) =>
        postForm(`${it.url}${paths.token}`, { grant_type: assertionGrant, assertion, ...more })
      await body({ it, issuer, machine, docs: application.id, trust, ask })
    } finally {
      await issuer.close()
      await it.close()
    }
  })

onStage('a pipeline gets a machine token for its own, without a secret (RFC 7523 2.1, RFC 8693)', async (s) => {
  const { it, issuer, machine, docs } = s
  await s.trust([{ name: 'github', issuer: issuer.url, condition }])
  const got = await s.ask(await issuer.sign(githubClaims(it.url)), { resource: `urn:gatehouse:${docs}` })
  assert.equal(got.status, 200, JSON.stringify([got.body, it.errors]))
  assert.equal(got.body.issued_token_type, undefined)
  const claims = decodeJwt(got.body.access_token as string)
  assert.deepEqual([claims.sub, claims.client_id, claims.aud], [machine.id, machine.id, docs])
  assert.equal(claims.owner, machine.owner)
  assert.ok((got.body.expires_in as number) <= 900)
  assert.ok(it.tokens.verifyAccessToken(got.body.access_token as string, docs))

  const exchanged = await postForm(`${it.url}${paths.token}`, {
    grant_type: exchangeGrant,
    client_id: machine.id,
    subject_token: await issuer.sign(githubClaims(it.url)),
    subject_token_type: tokenTypes.jwt,
    audience: docs,
    scope: 'read',
  })
  assert.equal(exchanged.status, 200, JSON.stringify([exchanged.body, it.errors]))
  assert.equal(exchanged.body.issued_token_type, tokenTypes.accessToken)
  assert.equal(exchanged.body.scope, 'read')
  const [event] = await it.events('tokens.token_exchanged')
  const { workload } = event?.data as { workload: { issuer: string; subject: string } }
  assert.deepEqual([workload.issuer, workload.subject], [issuer.url, 'repo:acme/app:ref:refs/heads/main'])
  assert.equal(event?.actor.id, machine.id)
  assert.equal(issuer.asked.length, 2, 'discovery and keys are asked for once')
})

onStage('oauth4webapi gets one with a client that has no authentication (RFC 7523 2.1)', async (s) => {
  const { it, issuer, machine } = s
  await s.trust([{ name: 'github', issuer: issuer.url, condition }])
  const options = { [oauth.allowInsecureRequests]: true }
  const address = new URL(it.url)
  const as = await oauth.processDiscoveryResponse(address, await oauth.discoveryRequest(address, options))
  const client = { client_id: machine.id }
  const assertion = await issuer.sign(githubClaims(it.url))
  const reply = await oauth.genericTokenEndpointRequest(
    as,
    client,
    oauth.None(),
    assertionGrant,
    { assertion },
    options,
  )
  const result = await oauth.processGenericTokenEndpointResponse(as, client, reply)
  assert.equal(decodeJwt(result.access_token).sub, machine.id)
})

onStage('what a trust does not name is refused, on record where the issuer has signed', async (s) => {
  const { it, issuer } = s
  await s.trust([{ name: 'github', issuer: issuer.url, condition }])
  const good = githubClaims(it.url)
  const other = await OutsideIssuer.open()
  const keyAsSecret = (claims: object) => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const signed = `${encode({ alg: 'HS256', typ: 'JWT', kid: 'key-1' })}.${encode(claims)}`
    const secret = JSON.stringify(issuer.published[0])
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  }
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ iss: issuer.url, ...good, exp: 9e9 })).toString('base64url')}.`
  const now = Math.floor(Date.now() / 1_000)
  const cases: [string, string, boolean][] = [
    ['another repository', await issuer.sign({ ...good, repository: 'mallory/app' }), true],
    ['another branch', await issuer.sign({ ...good, ref: 'refs/pull/1/merge' }), true],
    ['a claim of another type', await issuer.sign({ ...good, repository: ['acme/app'] }), true],
    ['a claim that is missing', await issuer.sign({ ...good, repository: undefined }), true],
    ['another audience', await issuer.sign({ ...good, aud: 'https://elsewhere.example' }), false],
    ['a time that is over', await issuer.sign({ ...good, iat: now - 900, exp: now - 61 }), false],
    ['no end', await issuer.sign({ ...good, exp: undefined }), false],
    ['no subject', await issuer.sign({ ...good, sub: undefined }), false],
    ['a key of another issuer', await other.sign({ ...good, iss: issuer.url }), false],
    ['an issuer nobody trusts', await other.sign(good), false],
    ['no signature (RFC 8725 3.1)', unsigned, false],
    [
      'a public key taken for a secret (RFC 8725 2.1)',
      keyAsSecret({ iss: issuer.url, ...good, exp: now + 300 }),
      false,
    ],
    ['what is no JWT', 'a.b', false],
    ['what is too long', `${await issuer.sign({ ...good, filler: 'x'.repeat(20_000) })}`, false],
  ]
  let recorded = 0
  for (const [what, assertion, isRecorded] of cases) {
    const got = await s.ask(assertion)
    assert.deepEqual([what, got.status, got.body.error], [what, 400, 'invalid_grant'])
    if (isRecorded) recorded++
    assert.equal((await it.events('tokens.workload_refused')).length, recorded, what)
  }
  await other.close()
})

onStage('a workload that several machines trust names one; it is no other client than that', async (s) => {
  const { it, issuer, machine } = s
  const { machine: second, secret } = await it.addMachine({ name: 'second', owner: machine.owner })
  await s.trust([{ name: 'github', issuer: issuer.url, condition }])
  await s.trust([{ name: 'github', issuer: issuer.url, condition }], second)
  const sign = () => issuer.sign(githubClaims(it.url))
  assert.match(String((await s.ask(await sign())).body.error_description), /several machines/)
  const named = await s.ask(await sign(), { client_id: second.id })
  assert.equal(decodeJwt(named.body.access_token as string).sub, second.id)
  await s.trust([], second)
  const mixed = await postForm(
    `${it.url}${paths.token}`,
    { grant_type: assertionGrant, assertion: await sign() },
    { id: second.id, secret },
  )
  assert.notEqual(mixed.status, 200, 'one machine proves itself, the assertion names another')
})

onStage('an assertion that is to be taken once is taken once (RFC 7523 3)', async (s) => {
  const { it, issuer } = s
  await s.trust([{ name: 'github', issuer: issuer.url, condition, singleUse: true }])
  const assertion = await issuer.sign(githubClaims(it.url))
  assert.equal((await s.ask(assertion)).status, 200)
  const again = await s.ask(assertion)
  assert.deepEqual([again.status, again.body.error], [400, 'invalid_grant'])
  assert.equal((await s.ask(await issuer.sign({ ...githubClaims(it.url), jti: undefined }))).status, 400)
})

onStage('a new key of the issuer is fetched once it is met; an outage of the issuer is outlived', async (s) => {
  const { it, issuer } = s
  await s.trust([{ name: 'github', issuer: issuer.url, condition }])
  const sign = async () => issuer.sign(githubClaims(it.url))
  assert.equal((await s.ask(await sign())).status, 200)
  await issuer.rotate('key-2')
  it.clock.movedMs = 31_000
  assert.equal((await s.ask(await sign())).status, 200)
  issuer.isAway = true
  it.clock.movedMs = 55_000
  const asked = issuer.asked.length
  assert.equal((await s.ask(await sign())).status, 200)
  await issuer.rotate('key-3')
  assert.equal((await s.ask(await sign())).status, 400, 'a key that nobody has seen does not count')
  assert.ok(issuer.asked.length - asked <= 4)
})

onStage(
  'an issuer that was never reached is a passing failure, and no request goes to a private address unasked',
  async (s) => {
    const { issuer, it } = s
    issuer.isAway = true
    await s.trust([{ name: 'github', issuer: issuer.url, condition }])
    const got = await s.ask(await issuer.sign(githubClaims(it.url)))
    assert.deepEqual([got.status, got.body.error], [503, 'temporarily_unavailable'])
    await s.trust([
      { name: 'inside', issuer: 'http://localhost:1', jwksUri: 'https://169.254.169.254/keys', condition },
    ])
    const inside = await s.ask(await issuer.sign({ ...githubClaims(it.url), iss: 'http://localhost:1' }))
    assert.equal(inside.status, 503)
  },
)

onStage('a trust that is taken away ends what came by it', async (s) => {
  const { it, issuer, machine } = s
  await s.trust([{ name: 'github', issuer: issuer.url, condition }])
  const token = (await s.ask(await issuer.sign(githubClaims(it.url)))).body.access_token as string
  assert.ok(it.tokens.verifyAccessToken(token, machine.id))
  await s.trust([])
  await within(2_000, () => it.tokens.verifyAccessToken(token, machine.id) === undefined)
  assert.equal((await s.ask(await issuer.sign(githubClaims(it.url)))).status, 400)
  await s.trust([{ name: 'github', issuer: issuer.url, condition }])
  const anew = (await s.ask(await issuer.sign(githubClaims(it.url)))).body.access_token as string
  assert.ok(it.tokens.verifyAccessToken(anew, machine.id), 'what comes again is another trust')
  assert.equal(it.tokens.verifyAccessToken(token, machine.id), undefined)
})

onStage("a cluster's and a mesh's: nested claims, keys given by hand, SPIFFE ids without an issuer", async (s) => {
  const { it, issuer, machine } = s
  await s.trust([
    {
      name: 'cluster',
      issuer: issuer.url,
      jwks: { keys: issuer.published as Record<string, unknown>[] },
      condition: 'context.claims["kubernetes.io"].namespace == "build"',
    },
    {
      name: 'mesh',
      issuer: 'spiffe://acme.example',
      jwksUri: `${issuer.url}/jwks`,
      audience: 'gatehouse',
      condition: 'context.claims.sub like "spiffe://acme.example/ns/build/*"',
    },
  ])
  const pod = { aud: [it.url], sub: 'system:serviceaccount:build:runner', 'kubernetes.io': { namespace: 'build' } }
  const got = await s.ask(await issuer.sign(pod))
  assert.equal(got.status, 200, JSON.stringify(got.body))
  assert.equal(issuer.asked.length, 0, 'keys given by hand are not fetched')
  assert.equal((await s.ask(await issuer.sign({ ...pod, 'kubernetes.io': { namespace: 'x' } }))).status, 400)
  const svid = { aud: 'gatehouse', sub: 'spiffe://acme.example/ns/build/sa/runner', iss: undefined }
  const mesh = await s.ask(await issuer.sign(svid))
  assert.equal(decodeJwt(mesh.body.access_token as string).sub, machine.id)
  assert.equal((await s.ask(await issuer.sign({ ...svid, sub: 'spiffe://evil.example/ns/build/x' }))).status, 400)
})

onStage('tokens for an application that can check RS256 only are signed so, and count like others', async (s) => {
  const { it, machine } = s
  const { secret } = await it.storage.transact((tx) =>
    addMachineSecret(tx, { clock: it.clock, entropy: systemEntropy }, systemAct, machine.id),
  )
  const { application } = await it.addClient({
    name: 'azure',
    kind: 'service',
    oauth: { accessTokenAlgorithm: 'RS256' },
  })
  await within(10_000, () => it.keyring.listKeys().some(({ algorithm }) => algorithm === 'RS256'))
  const ask = async () => {
    const form = { grant_type: 'client_credentials', resource: `urn:gatehouse:${application.id}` }
    const { body } = await postForm(`${it.url}${paths.token}`, form, { id: machine.id, secret: secret.reveal() })
    return body.access_token as string
  }
  await within(5_000, async () => typeof (await ask()) === 'string')
  const token = await ask()
  assert.equal(decodeProtectedHeader(token).alg, 'RS256')
  assert.ok(it.tokens.verifyAccessToken(token, application.id))
})
