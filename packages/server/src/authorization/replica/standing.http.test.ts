import assert from 'node:assert/strict'
import { TOTP } from 'otpauth'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inKeyHouse } from '../../../test/support/key-house.ts'
import { FormBrowser } from '../../../test/support/people.ts'
import { postForm } from '../../../test/support/tokens.ts'

const withinMs = 1_000

/** A stream that is being read: it resolves with the moment of its end. */
async function open(url: string, path: string, headers: Record<string, string>) {
  const abort = new AbortController()
  const answer = await fetch(url + path, { headers, signal: abort.signal })
  assert.equal(answer.status, 200, `${path}: ${answer.status}`)
  const reader = answer.body?.getReader() as ReadableStreamDefaultReader<Uint8Array>
  assert.equal((await reader.read()).done, false)
  let isOpen = true
  const ended = (async () => {
    try {
      while (!(await reader.read()).done);
    } catch {
      // Cut by us.
    }
    isOpen = false
    return performance.now()
  })()
  return { ended, isOpen: () => isOpen, cut: () => abort.abort() }
}

onEachEngine(
  'a stream of changes or revocations ends within a second after its token, API key or sign-in is revoked or expires, and no sooner',
  (scratch) =>
    inKeyHouse(scratch, async ({ api, server, docs, alice, machine, clock }) => {
      const { url } = server
      for (const principal of [
        { type: 'User', id: alice },
        { type: 'Machine', id: machine },
      ]) {
        const resource = { type: 'Application', id: docs }
        const made = await api('POST', '/api/grants', { role: 'replica', principal, resource, why: 'it' })
        assert.equal(made.status, 201, JSON.stringify(made.body))
      }
      const secret = (await api('POST', `/api/machines/${machine}/secrets`)).body.secret as string
      const tokenOf = async () => {
        const { body } = await postForm(
          `${url}/oauth/token`,
          { grant_type: 'client_credentials', resource: url },
          { id: machine, secret },
        )
        return { text: body.access_token as string, seconds: body.expires_in as number }
      }
      const keyOf = async (validSeconds?: number) => {
        const scopes = ['decide', 'replicate']
        const more = validSeconds === undefined ? {} : { validSeconds }
        const asked = { owner: machine, name: 'follower', applications: ['gatehouse'], scopes, ...more }
        const { status, body } = await api('POST', '/api/api-keys', asked)
        assert.equal(status, 201, JSON.stringify(body))
        return { id: body.key.id as string, text: body.secret as string }
      }
      const replica = (authorization: Record<string, string>) =>
        open(url, '/access/v1/replica', { ...authorization, 'gatehouse-application': docs })
      const revocations = (authorization: Record<string, string>) => open(url, '/access/v1/revocations', authorization)
      const bearer = (text: string) => ({ authorization: `Bearer ${text}` })
      const endWithin = async (streams: readonly Awaited<ReturnType<typeof open>>[], act: () => Promise<unknown>) => {
        assert.deepEqual(
          streams.map((one) => one.isOpen()),
          streams.map(() => true),
          'it is open until then',
        )
        await act()
        const from = performance.now()
        for (const { ended } of streams) {
          const took = (await ended) - from
          assert.ok(took <= withinMs, `${took} ms`)
        }
      }

      const staying = await tokenOf()
      const stays = await replica(bearer(staying.text))

      const token = await tokenOf()
      await endWithin([await replica(bearer(token.text)), await revocations(bearer(token.text))], async () => {
        const done = await api('POST', '/api/revocations', { kind: 'token', id: token.text, reason: 'lost' })
        assert.equal(done.status, 200, JSON.stringify(done.body))
      })

      const key = await keyOf()
      await endWithin([await replica(bearer(key.text)), await revocations(bearer(key.text))], async () => {
        assert.ok((await api('DELETE', `/api/api-keys/${key.id}`)).status < 300)
      })

      // Who holds a built-in role signs in with two factors.
      const browser = await new FormBrowser(url).signIn('alice')
      await browser.open('/enrol/totp')
      const totp = (/<code class="secret">([^<]*)</.exec(browser.page)?.[1] as string).replaceAll(' ', '')
      const code = new TOTP({ secret: totp }).generate({ timestamp: clock.nowMs() })
      await browser.submit('/enrol/totp', { code })
      const cookie = { cookie: `gatehouse-session=${browser.cookie('gatehouse-session')}` }
      await endWithin([await replica(cookie)], async () => {
        assert.ok((await api('DELETE', `/api/users/${alice}/sessions`)).status < 300)
      })

      assert.ok(stays.isOpen(), 'what is not revoked goes on')
      const short = await keyOf(staying.seconds)
      await endWithin([stays, await replica(bearer(short.text))], async () => {
        clock.advanceMs((staying.seconds + 1) * 1_000)
      })
    }),
)
