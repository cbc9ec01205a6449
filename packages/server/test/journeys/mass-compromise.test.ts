// Page "mass compromise", rehearsed on the whole server: real sign-ins, a real receiver, one page and no more.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { noteFailedTry } from '../../src/authentication/sign-in/suspects.ts'
import { startReceiver } from '../support/alerts.ts'
import { onEachEngine } from '../support/engines.ts'
import { inServer, until } from '../support/house.ts'
import { BrowserAt, behindProxy, makeUser } from '../support/people.ts'

const hourMs = 3_600_000

onEachEngine(
  'mass compromise, rehearsed: three accounts fall to a network that guesses; one page, whatever else is contained, and it ends',
  async (scratch) => {
    const receiver = await startReceiver()
    mkdirSync(scratch.directory, { recursive: true })
    const file = join(scratch.directory, 'slo.yaml')
    writeFileSync(file, `receivers:\n  - { name: on-call, webhook: '${receiver.url}', severities: [page] }\n`)
    try {
      await inServer(
        scratch,
        async ({ server, api, clock }) => {
          const people = ['alice', 'bob', 'carol']
          const ids = []
          for (const name of people) ids.push(await makeUser(api, name))
          const organizationId = (await api('GET', '/api/organizations')).body.items[0].id
          const address = '203.0.113.66'
          const act = { actor: { type: 'anonymous', name: 'test' }, requestId: 'test' } as const
          const looks = async (count: number) => {
            for (let look = 0; look < count; look++) {
              clock.advanceMs(15_000)
              await server.watch.look()
            }
          }
          const sign = async (name: string) =>
            (await api('GET', '/api/observability/compromise')).body.items.find(
              (one: { sign: string }) => one.sign === name,
            )
          const pages = async () =>
            (await api('GET', '/api/observability/alerts')).body.items.filter(
              ({ severity }: { severity: string }) => severity === 'page',
            )
          for (let index = 0; index < 20; index++)
            await server.storage.transact((tx) =>
              noteFailedTry(tx, act, { account: `leaked ${index}`, organizationId, address, nowMs: clock.nowMs() }),
            )
          for (const name of people.slice(0, 2))
            assert.equal((await new BrowserAt(server.url, address).signIn(name)).at, '/account')
          await until(async () => (await sign('guessed')).count === 2)
          await looks(2)
          assert.deepEqual(await pages(), [], 'two are not many')
          assert.equal((await new BrowserAt(server.url, address).signIn('carol')).at, '/account')
          await until(async () => (await sign('guessed')).count === 3)
          assert.deepEqual((await sign('guessed')).principals.map(({ id }: { id: string }) => id).sort(), ids.sort())
          await looks(1)
          const [page, ...others] = await pages()
          assert.deepEqual(others, [])
          assert.deepEqual([page.objective, page.runbook], ['mass-compromise', 'mass-compromise'])
          for (let index = 0; index < 3; index++) ids.push(await makeUser(api, `victim${index}`))
          for (const id of ids) assert.ok((await api('POST', '/api/contain', { id, reason: 'guessed' })).status < 300)
          await until(async () => (await sign('contained')).count === 6)
          await looks(40)
          assert.equal((await pages()).length, 1)
          assert.deepEqual(
            receiver.got.map(({ what, objective }) => [what, objective]),
            [['opened', 'mass-compromise']],
          )
          clock.advanceMs(hourMs)
          await looks(24)
          assert.deepEqual(
            receiver.got.map(({ what }) => what),
            ['opened', 'resolved'],
          )
        },
        { ...behindProxy, GATEHOUSE_SLO_FILE: file, GATEHOUSE_OUTGOING_ALLOW: '127.0.0.1' },
      )
    } finally {
      receiver.close()
    }
  },
)
