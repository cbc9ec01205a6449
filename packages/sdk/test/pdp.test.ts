import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { readBounds } from '../src/pdp/settings.ts'
import { inHouse, until } from './support/house.ts'

const program = fileURLToPath(new URL('../src/pdp/main.ts', import.meta.url))

test('gatehouse pdp speaks AuthZEN on loopback from a replica of its own, and ships its record as it ends', () =>
  inHouse(async (house) => {
    await house.grantReplica()
    const directory = join(house.directory, 'pdp')
    const secretFile = join(house.directory, 'secret')
    writeFileSync(secretFile, `${house.secret}\n`, { mode: 0o600 })
    const child = spawn(process.execPath, [program], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        GATEHOUSE_URL: house.api.url,
        GATEHOUSE_APPLICATION: house.applicationId,
        GATEHOUSE_CLIENT_SECRET_FILE: secretFile,
        GATEHOUSE_PDP_LISTEN: '127.0.0.1:0',
        GATEHOUSE_PDP_JOURNAL: directory,
        GATEHOUSE_PDP_BOUNDS: '60s/deny',
      },
    })
    const ended = once(child, 'exit')
    try {
      const [line] = await once(child.stdout, 'data')
      const url = /http:\S+/.exec(String(line))?.[0] as string
      await until('it is ready', async () => (await fetch(`${url}/readyz`)).status === 200, 10_000)
      const post = async (path: string, body: unknown, type = 'application/json') => {
        const headers = { 'content-type': type, 'x-request-id': 'pdp-1' }
        const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
        assert.equal(answer.headers.get('x-request-id'), 'pdp-1')
        // biome-ignore lint/suspicious/noExplicitAny: the test looks into whatever came
        return { status: answer.status, body: (await answer.json()) as any }
      }
      const subject = { type: 'user', id: 'alice' }
      const [read, write] = [{ name: 'read' }, { name: 'write' }]
      const welcome = { type: 'document', id: 'welcome' }
      const one = { subject, action: read, resource: welcome }
      assert.deepEqual(await post('/access/v1/evaluation', one), { status: 200, body: { decision: true } })
      const evaluations = [{ action: { name: 'paint' } }, { action: read }, {}, { action: write }]
      const ask = async (semantic?: string) =>
        (
          await post('/access/v1/evaluations', {
            subject,
            resource: welcome,
            evaluations,
            options: { evaluations_semantic: semantic },
          })
        ).body.evaluations
      const all = await ask()
      assert.deepEqual(all.slice(0, 2), [{ decision: false }, { decision: true }])
      assert.match(all[2].context.error.message, /evaluations\/2\/action is missing/)
      assert.equal((await ask('deny_on_first_deny')).length, 1)
      assert.equal((await ask('permit_on_first_permit')).length, 2)
      assert.equal((await post('/access/v1/evaluation', { ...one, subject: undefined })).status, 400)
      assert.equal((await post('/access/v1/evaluation', one, 'text/plain')).status, 400)
      assert.equal((await post('/access/v1/evaluations', { ...one, evaluations: {} })).status, 400)
      // What only the centre knows: as of a write, why, and who else; with the service's own rights there.
      const later = { 'content-type': 'application/json', 'consistency-token': 'x' }
      const asOf = await fetch(`${url}/access/v1/evaluation`, {
        method: 'POST',
        headers: later,
        body: JSON.stringify(one),
      })
      assert.ok(asOf.status >= 400, 'a token that is none is not left out of account')
      const told = await post('/access/v1/evaluation', { ...one, options: { explain: true } })
      assert.equal(told.body.decision, true)
      assert.ok(told.body.context.reasons !== undefined, JSON.stringify(told.body))
      assert.equal((await post('/access/v1/search/action', { subject, resource: welcome })).status, 403)
      const known = (await (await fetch(`${url}/.well-known/authzen-configuration`)).json()) as Record<string, string>
      assert.equal(known.access_evaluation_endpoint, `${url}/access/v1/evaluation`)
      const metrics = await (await fetch(`${url}/metrics`)).text()
      assert.match(metrics, /^gatehouse_decisions_total\{outcome="allow"\} \d+$/m)
      assert.match(metrics, /^gatehouse_fallbacks_total\{reason="at_least"\} 1$/m)
      assert.match(metrics, /^gatehouse_fallbacks_total\{reason="explain"\} 1$/m)
      assert.match(metrics, /^gatehouse_replica_staleness_seconds \d/m)
      child.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
      const record = await house.api.call('GET', '/api/decisions?requestId=pdp-1')
      const here = record.body.items.filter((item: { via: string }) => item.via === 'local')
      assert.equal(here.length, 7)
    } finally {
      child.kill('SIGKILL')
    }
  }))

test('bounds are read by kind of decision, and what is none is refused', () => {
  assert.deepEqual(readBounds('5s/ask, pay=500ms/deny, delete=ask'), {
    default: { mostStaleMs: 5_000, beyond: 'ask' },
    actions: Object.assign(Object.create(null), { pay: { mostStaleMs: 500, beyond: 'deny' }, delete: 'ask' }),
  })
  for (const bad of ['5s', 'pay=', '5s/allow', 'x']) assert.throws(() => readBounds(bad), /is no bound/)
})
