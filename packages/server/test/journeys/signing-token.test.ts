// Signing keys in a PKCS#11 token: SoftHSM, as Debian's `softhsm2` brings it, under the whole server.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { addApplication, addApplicationSecret } from '#directory'
import { systemClock, systemEntropy } from '#kernel'
import { openToken } from '../../src/keyring/pkcs11/open-token.ts'
import { systemAct } from '../support/directory.ts'
import { scratchDatabase } from '../support/engines.ts'
import { startTestServer, type TestServer } from '../support/server.ts'
import { postForm } from '../support/tokens.ts'

const module = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
  '/usr/local/lib/softhsm/libsofthsm2.so',
].find((path) => existsSync(path))
const skip = module === undefined && 'SoftHSM is not installed here (Debian: apt-get install softhsm2)'

/** A token of its own in the test's directory. */
function makeToken(directory: string) {
  const tokens = join(directory, 'tokens')
  const settings = join(directory, 'softhsm2.conf')
  mkdirSync(tokens, { recursive: true })
  writeFileSync(settings, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`)
  process.env.SOFTHSM2_CONF = settings
  const init = ['--init-token', '--free', '--label', 'gatehouse', '--so-pin', '12345678', '--pin', '87654321']
  execFileSync('softhsm2-util', init, { stdio: 'ignore' })
  const pinFile = join(directory, 'pin')
  writeFileSync(pinFile, '87654321\n', { mode: 0o600 })
  return { module: module as string, label: 'gatehouse', pinFile }
}

test('signing keys are made in the token and never leave it; tokens by them count like others, after a restart and a rotation too', {
  skip,
}, async () => {
  const scratch = await scratchDatabase('sqlite')
  const options = makeToken(scratch.directory)
  const environment = {
    GATEHOUSE_PKCS11_MODULE: options.module,
    GATEHOUSE_PKCS11_TOKEN: options.label,
    GATEHOUSE_PKCS11_PIN_FILE: options.pinFile,
  }
  let server: TestServer | undefined = await startTestServer(scratch, { environment })
  try {
    const { storage } = server
    const deps = { clock: systemClock, entropy: systemEntropy }
    const home = (await storage.db.selectFrom('organizations').select('id').executeTakeFirstOrThrow()).id as never
    const client = await storage.transact(async (tx) => {
      const { id } = await addApplication(tx, deps, systemAct, home, { name: 'job', kind: 'service' })
      const { secret } = await addApplicationSecret(tx, deps, systemAct, id)
      return { id, secret: secret.reveal() }
    })
    const issue = async ({ url }: TestServer) =>
      (await postForm(`${url}/oauth/token`, { grant_type: 'client_credentials' }, client)).body.access_token as string
    const check = (token: string, { url }: TestServer, algorithms = ['ES256']) =>
      jwtVerify(token, createRemoteJWKSet(new URL(`${url}/oauth/jwks`)), { audience: client.id, algorithms })
    const first = await issue(server)
    assert.equal((await check(first, server)).payload.sub, client.id)
    const named = async ({ storage: { db }, keyring }: TestServer, kid: string) => {
      const row = await db.selectFrom('signing_keys').selectAll().where('kid', '=', kid).executeTakeFirstOrThrow()
      return Buffer.from(await keyring.unseal('keyring.signing', row.sealed as Uint8Array, kid)).toString('latin1')
    }
    const kid = decodeProtectedHeader(first).kid as string
    const held = await named(server, kid)
    assert.match(held, /^token:[0-9a-f]{32}$/, 'the database has the name of the key alone')

    await server.close()
    server = await startTestServer(scratch, { environment })
    const second = await issue(server)
    assert.equal(decodeProtectedHeader(second).kid, kid, 'the same key goes on')
    await check(second, server)

    await server.keyring.rotateDataKeys(systemAct)
    assert.equal(await named(server, kid), held, 'the name is sealed anew')
    const { kid: next } = await server.keyring.rotate(systemAct, { atOnce: true, forget: true })
    const third = await issue(server)
    assert.equal(decodeProtectedHeader(third).kid, next)
    await check(third, server)
    await assert.rejects(check(second, server))
    const token = openToken(options)
    assert.throws(() => token.sign(held.slice('token:'.length), 'ES256', Buffer.from('x')), {
      code: 'keyring.key_unknown',
    })
    await assert.rejects(server.keyring.rotate(systemAct, { algorithm: 'EdDSA' }), {
      code: 'keyring.token_unavailable',
    })

    await server.keyring.rotate(systemAct, { algorithm: 'RS256' })
    const rsa = server.keyring.activeKey('RS256')
    assert.match(await named(server, rsa.kid), /^token:/)
    const data = Buffer.from('payload')
    assert.ok(server.keyring.verify(rsa.kid, data, server.keyring.sign(rsa.kid, data)))
  } finally {
    await server?.close()
    await scratch.remove()
  }
})

test('a token that is not there, or a wrong PIN, stops the start and says what is wrong', { skip }, async () => {
  const scratch = await scratchDatabase('sqlite')
  try {
    const options = makeToken(scratch.directory)
    assert.throws(
      () => openToken({ ...options, module: join(scratch.directory, 'none.so') }),
      /token_unavailable|PKCS#11|does not do/,
    )
    assert.throws(() => openToken({ ...options, label: 'another' }), { code: 'keyring.token_unavailable' })
    const pinFile = join(scratch.directory, 'wrong')
    writeFileSync(pinFile, '00000000')
    assert.throws(() => openToken({ ...options, pinFile }), { code: 'keyring.token_unavailable' })
    assert.throws(() => openToken({ ...options, pinFile: join(scratch.directory, 'no') }), {
      code: 'keyring.token_unavailable',
    })
  } finally {
    await scratch.remove()
  }
})
