import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { request as send } from 'node:https'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SecureContextOptions } from 'node:tls'
import { decodeJwt } from 'jose'
import { addApplication } from '#directory'
import { systemClock, systemEntropy } from '#kernel'
import { makeCertificate, type TestCertificate } from '../../../test/support/certificates.ts'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine, scratchDatabase } from '../../../test/support/engines.ts'
import { freePort } from '../../../test/support/ports.ts'
import { startTestServer } from '../../../test/support/server.ts'
import { credentialsOf, obtainCode, redirectUri } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'
import { readCertificates, subjectMatches } from './certificates.ts'

const thumbprint = (certificate: TestCertificate) =>
  createHash('sha256').update(Buffer.from(certificate.base64, 'base64')).digest('base64url')
const isLoopback = (address: string) => address.endsWith('127.0.0.1')

onEachEngine(
  'tls_client_auth by a trusted proxy: an authority, a name, a token bound to the certificate (RFC 8705 2.1, 3)',
  async (scratch) => {
    const ca = await makeCertificate('CN=Acme CA', { ca: true })
    const right = await makeCertificate('CN=job, O=Acme', {
      issuer: ca,
      names: [{ type: 'dns', value: 'job.acme.example' }],
    })
    const it = await openTokensFixture(scratch, {
      certificates: { header: 'client-cert', authorities: ca.pem, isTrustedProxy: isLoopback, nowMs: Date.now },
    })
    const subject = { name: 'sanDns', value: 'job.acme.example' } as const
    const { application } = await it.addClient({
      name: 'job',
      kind: 'service',
      authMethod: 'tls_client_auth',
      oauth: { certificateSubject: subject, certificateBoundTokens: true },
    })
    const form = { grant_type: 'client_credentials', client_id: application.id }
    const ask = (certificate: TestCertificate | undefined, more = {}) =>
      postForm(`${it.url}/oauth/token`, { ...form, ...more }, undefined, {
        ...(certificate && { 'client-cert': `:${certificate.base64}:` }),
      })
    const got = await ask(right)
    assert.equal(got.status, 200)
    assert.deepEqual(decodeJwt(got.body.access_token as string).cnf, { 'x5t#S256': thumbprint(right) })

    const strangers: [string, TestCertificate | undefined][] = [
      ['none at all', undefined],
      ['of itself', await makeCertificate('CN=job, O=Acme', { names: [{ type: 'dns', value: 'job.acme.example' }] })],
      [
        'another name',
        await makeCertificate('CN=x', { issuer: ca, names: [{ type: 'dns', value: 'x.job.acme.example' }] }),
      ],
      ['the name in its subject only', await makeCertificate('CN=job.acme.example', { issuer: ca })],
      [
        'ended',
        await makeCertificate('CN=job', {
          issuer: ca,
          endedAtMs: Date.now() - 1_000,
          names: [{ type: 'dns', value: 'job.acme.example' }],
        }),
      ],
      [
        'issued by a leaf',
        await makeCertificate('CN=y', { issuer: right, names: [{ type: 'dns', value: 'job.acme.example' }] }),
      ],
    ]
    for (const [what, certificate] of strangers)
      assert.equal((await ask(certificate)).body.error, 'invalid_client', what)
    const twice = await fetch(`${it.url}/oauth/token`, {
      method: 'POST',
      headers: [
        ['client-cert', `:${right.base64}:`],
        ['client-cert', `:${right.base64}:`],
      ],
      body: new URLSearchParams(form),
    })
    assert.equal(twice.status, 401, 'the header twice: one is the client’s own')

    const own = await ask(right, { resource: it.url })
    const call = async (certificate: TestCertificate | undefined) => {
      const authorization = `Bearer ${own.body.access_token}`
      const header = certificate && { 'client-cert': `:${certificate.base64}:` }
      return (await fetch(`${it.url}/test/whoami`, { headers: { authorization, ...header } })).status
    }
    assert.equal(await call(right), 200)
    assert.equal(await call(undefined), 401, 'a bound token without its certificate')
    assert.equal(await call(strangers[1]?.[1]), 401, 'with another')
    await it.close()
  },
)

onEachEngine(
  'a refresh token of a public client is bound to its certificate; a confidential one proves itself anew (RFC 8705 4)',
  async (scratch) => {
    const it = await openTokensFixture(scratch, {
      certificates: { header: 'client-cert', authorities: undefined, isTrustedProxy: isLoopback, nowMs: Date.now },
    })
    const [own, other] = [await makeCertificate('CN=own'), await makeCertificate('CN=other')]
    const alice = await it.addPerson('alice')
    const bound = { certificateBoundTokens: true }
    const app = await it.addClient({ name: 'app', authMethod: 'none', oauth: bound })
    const docs = await it.addClient({ name: 'docs', oauth: bound })
    for (const client of [app, docs]) {
      const isPublic = client === app
      const ask = (form: Record<string, string>, certificate?: TestCertificate) =>
        postForm(
          `${it.url}/oauth/token`,
          { ...(isPublic && { client_id: client.application.id }), ...form },
          isPublic ? undefined : credentialsOf(client),
          certificate && { 'client-cert': `:${certificate.base64}:` },
        )
      const { code, verifier } = await obtainCode(it, client, alice)
      const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: redirectUri }
      assert.equal((await ask(form)).status, 400, 'a code without the certificate')
      const first = await ask(form, own)
      assert.equal(first.status, 200, JSON.stringify(first.body))
      const refresh = { grant_type: 'refresh_token', refresh_token: first.body.refresh_token as string }
      assert.equal((await ask(refresh)).body.error, 'invalid_grant', 'without any')
      const byOther = await ask(refresh, other)
      if (isPublic) assert.equal(byOther.body.error, 'invalid_grant', 'whoever stole it')
      const next = isPublic ? await ask(refresh, own) : byOther
      assert.equal(next.status, 200, `the refused attempt used nothing up: ${JSON.stringify(next.body)}`)
      const certificate = isPublic ? own : other
      const { cnf } = decodeJwt(next.body.access_token as string)
      assert.deepEqual(cnf, { 'x5t#S256': thumbprint(certificate) }, 'the new token is bound to who asked')
    }
    assert.deepEqual(it.errors, [])
    await it.close()
  },
)

onEachEngine('the certificate header of somebody who is no trusted proxy is nothing', async (scratch) => {
  const ca = await makeCertificate('CN=Acme CA', { ca: true })
  const it = await openTokensFixture(scratch, {
    certificates: { header: 'client-cert', authorities: ca.pem, isTrustedProxy: () => false, nowMs: Date.now },
  })
  const self = await makeCertificate('CN=self')
  const { application } = await it.addClient({
    name: 'job',
    kind: 'service',
    authMethod: 'self_signed_tls_client_auth',
    keys: [{ jwk: { ...self.jwk, key_ops: undefined, x5c: [self.base64] } }],
  })
  const form = { grant_type: 'client_credentials', client_id: application.id }
  const got = await postForm(`${it.url}/oauth/token`, form, undefined, { 'client-cert': `:${self.base64}:` })
  assert.equal(got.body.error, 'invalid_client')
  await it.close()
})

test('our own TLS listener: a self-signed certificate that is registered, and no other (RFC 8705 2.2, 5)', async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  const server = await makeCertificate('CN=localhost', { names: [{ type: 'dns', value: 'localhost' }] })
  writeFileSync(join(scratch.directory, 'tls.pem'), server.pem)
  writeFileSync(join(scratch.directory, 'tls.key'), server.keyPem)
  const port = await freePort()
  const it = await startTestServer(scratch, {
    environment: {
      GATEHOUSE_MTLS_LISTEN: `127.0.0.1:${port}`,
      GATEHOUSE_MTLS_URL: `https://localhost:${port}`,
      GATEHOUSE_MTLS_CERTIFICATE_FILE: join(scratch.directory, 'tls.pem'),
      GATEHOUSE_MTLS_KEY_FILE: join(scratch.directory, 'tls.key'),
    },
  })
  t.after(() => it.close())
  const discovery = (await (await fetch(`${it.url}/.well-known/openid-configuration`)).json()) as {
    mtls_endpoint_aliases: Record<string, string> & { token_endpoint: string }
    tls_client_certificate_bound_access_tokens: boolean
  }
  const address = discovery.mtls_endpoint_aliases.token_endpoint
  assert.equal(address, `https://localhost:${port}/oauth/token`)
  assert.equal(discovery.tls_client_certificate_bound_access_tokens, true)
  const own = await makeCertificate('CN=own')
  const home = await it.storage.db.selectFrom('organizations').select('id').executeTakeFirstOrThrow()
  const deps = { storage: it.storage, clock: systemClock, entropy: systemEntropy }
  const application = await it.storage.transact((tx) =>
    addApplication(tx, deps, systemAct, home.id as never, {
      name: 'job',
      kind: 'service',
      authMethod: 'self_signed_tls_client_auth',
      keys: [{ jwk: { kty: 'EC', crv: 'P-256', x: own.jwk.x, y: own.jwk.y, x5c: [own.base64] } }],
      oauth: { certificateBoundTokens: true },
    }),
  )
  const form = `grant_type=client_credentials&client_id=${application.id}`
  const granted = await post(address, form, server.pem, own)
  assert.equal(granted.status, 200, granted.text)
  assert.deepEqual(decodeJwt(JSON.parse(granted.text).access_token).cnf, { 'x5t#S256': thumbprint(own) })
  assert.equal((await post(address, form, server.pem, await makeCertificate('CN=own'))).status, 401)
  assert.equal((await post(address, form, server.pem)).status, 401)
  for (const path of ['backchannel_authentication', 'device_authorization', 'pushed_authorization_request'])
    assert.match(String(discovery.mtls_endpoint_aliases[`${path}_endpoint`]), new RegExp(`^https://localhost:${port}/`))
  const weak = { maxVersion: 'TLSv1.2', ciphers: 'AES256-GCM-SHA384:AES128-SHA:ECDHE-ECDSA-AES256-SHA' } as const
  await assert.rejects(post(address, form, server.pem, own, weak), /handshake failure/i, 'RFC 9325 4.2')
  const strong = { maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' } as const
  assert.equal((await post(address, form, server.pem, own, strong)).status, 200)
})

test('names of a certificate are compared whole: no wildcard, no name within a name (RFC 8705 2.1.2)', async () => {
  const tricky = await makeCertificate('CN=a, O=Acme\\, Inc', {
    names: [
      { type: 'dns', value: '*.acme.example' },
      { type: 'url', value: 'spiffe://acme/x' },
      { type: 'dns', value: 'evil.example, DNS:job.acme.example' },
    ],
  })
  const certificate = new X509Certificate(tricky.pem)
  const dns = (value: string) => subjectMatches(certificate, 'tls_client_auth_san_dns', value)
  assert.equal(dns('job.acme.example'), false)
  assert.equal(dns('*.acme.example'), true, 'as it is written')
  assert.equal(subjectMatches(certificate, 'tls_client_auth_san_uri', 'spiffe://acme/x'), true)
  assert.equal(subjectMatches(certificate, 'tls_client_auth_san_uri', 'spiffe://acme'), false)
  assert.equal(subjectMatches(certificate, 'tls_client_auth_subject_dn', 'CN=a'), false)
  const none = readCertificates({ isTrustedProxy: () => true, nowMs: Date.now })
  assert.equal(none.isIssuedByKnown(certificate), false)
})

function post(address: string, body: string, ca: string, client?: TestCertificate, tls: SecureContextOptions = {}) {
  return new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }
    const identity = client && { cert: client.pem, key: client.keyPem }
    const { port, pathname } = new URL(address)
    const options = {
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      path: pathname,
      method: 'POST',
      headers,
      ca,
      agent: false,
      ...tls,
      ...identity,
    }
    const call = send(options, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
    call.on('error', reject).end(body)
  })
}
