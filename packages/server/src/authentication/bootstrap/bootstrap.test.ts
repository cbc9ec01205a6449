import assert from 'node:assert/strict'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'

interface Wrong {
  readonly key?: object
  readonly audience?: string
  readonly typ?: string
  readonly lifeSeconds?: number
  readonly jti?: string
  readonly at?: string
  readonly headers?: Record<string, string>
}

let turn = 0

onEachEngine(
  'the local credential is taken once, from this machine, for a minute, and every use is on record',
  (scratch) =>
    inServer(scratch, async ({ server, api, clock }) => {
      const path = join(scratch.directory, 'bootstrap.json')
      assert.equal(statSync(path).mode & 0o777, 0o600)
      const ask = asker(scratch, () => clock.nowMs())
      assert.equal(await ask({}), 200)
      const stranger = await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey)
      for (const [what, wrong] of Object.entries<Wrong>({
        'another key': { key: stranger },
        'another audience': { audience: 'http://localhost:1' },
        'another type': { typ: 'JWT' },
        'too long': { lifeSeconds: 120 },
        expired: { lifeSeconds: -30 },
        'through a proxy': { headers: { 'x-forwarded-for': '127.0.0.1' } },
        'through a proxy (RFC 7239)': { headers: { forwarded: 'for=127.0.0.1' } },
        // A proxy on the same machine connects from loopback, and need not say that it is one.
        'by the public port': { at: server.url },
        'no proper jti': { jti: 'x' },
      }))
        assert.equal(await ask(wrong), 401, what)
      assert.equal(await ask({ jti: 'the-same-twice' }), 200)
      assert.equal(await ask({ jti: 'the-same-twice' }), 401)
      let items: { data: { jti: string } }[] = []
      await until(async () => {
        items = (await api('GET', '/api/events?type=authentication.bootstrap_used')).body.items
        return items.some((event) => event.data.jti === 'the-same-twice')
      })
      assert.ok(!JSON.stringify(items).includes(JSON.parse(readFileSync(path, 'utf8')).key.d))
    }),
)

onEachEngine('the credential dies with the server, and is not there when it is turned off', async (scratch) => {
  const path = join(scratch.directory, 'bootstrap.json')
  let before = ''
  await inServer(scratch, async () => {
    before = readFileSync(path, 'utf8')
  })
  assert.equal(existsSync(path), false)
  await inServer(scratch, async ({ clock }) => {
    const ask = asker(scratch, () => clock.nowMs())
    assert.equal(await ask({ key: JSON.parse(before).key }), 401)
  })
  await inServer(
    scratch,
    async ({ server, clock }) => {
      assert.equal(existsSync(path), false)
      const ask = asker(scratch, () => clock.nowMs())
      assert.equal(await ask({ key: JSON.parse(before).key, audience: server.url, at: server.url }), 401)
    },
    { GATEHOUSE_BOOTSTRAP: 'off' },
  )
})

function asker(scratch: Scratch, nowMs: () => number) {
  return async (wrong: Wrong): Promise<number> => {
    const path = join(scratch.directory, 'bootstrap.json')
    const file = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {}
    const now = Math.floor(nowMs() / 1_000)
    const jwt = await new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', typ: wrong.typ ?? 'gatehouse-bootstrap+jwt' })
      .setAudience(wrong.audience ?? file.url)
      .setIssuedAt(now)
      .setExpirationTime(now + (wrong.lifeSeconds ?? 30))
      .setJti(wrong.jti ?? `unique-${turn++}`)
      .sign(await importJWK(wrong.key ?? file.key, 'ES256'))
    const headers = { authorization: `Gatehouse-Bootstrap ${jwt}`, ...wrong.headers }
    return (await fetch(`${wrong.at ?? file.url}/api/whoami`, { headers })).status
  }
}
