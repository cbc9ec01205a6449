import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { onEachEngine } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { inKeyHouse } from '../../../test/support/key-house.ts'
import { RevocationSet } from '../revocation/revocation-set.ts'
import { ApiKeySet } from './api-key-set.ts'
import { tendApiKeys } from './tend-api-keys.ts'

const day = 86_400_000

onEachEngine(
  'its last use and its end are told: a use at most every quarter of an hour, the end 30, 7 and 1 days before',
  (scratch) =>
    inKeyHouse(scratch, async ({ api, docs, machine, server, clock }) => {
      const { key, secret } = (
        await api('POST', '/api/api-keys', {
          owner: machine,
          name: 'k',
          applications: [docs],
          validSeconds: 40 * 86_400,
        })
      ).body
      // As another node that starts now: it knows the key from the database.
      const { storage } = server
      const revocations = new RevocationSet(clock)
      const isActive = () => true
      const deps = { issuer: server.url, storage, clock, revocations, isActive, onError: assert.fail }
      const node = await ApiKeySet.open(deps, server.feed)
      const usedAt = async () => (await api('GET', `/api/api-keys/${key.id}`)).body.usedAtMs
      const use = async () => {
        assert.equal(node.verify(secret, docs)?.sub, machine)
        await node.writeUses()
      }
      assert.equal(await usedAt(), undefined)
      const firstMs = clock.nowMs()
      await use()
      assert.equal(await usedAt(), firstMs)
      clock.advanceMs(14 * 60_000)
      await use()
      assert.equal(await usedAt(), firstMs)
      clock.advanceMs(60_000)
      await use()
      assert.equal(await usedAt(), clock.nowMs())
      revocations.add({ kind: 'principal', id: machine, beforeMs: clock.nowMs(), untilMs: clock.nowMs() + day })
      assert.ok(node.verify(secret, docs), 'the end of tokens is none of keys')
      revocations.add({ kind: 'principal', id: machine, beforeMs: undefined, untilMs: clock.nowMs() + day })
      assert.equal(node.verify(secret, docs), undefined)

      const told = async () => {
        await tendApiKeys({ storage, clock })
        const { items } = (await api('GET', '/api/events?type=tokens.api_key_ending&order=oldest')).body
        return items.map(({ data }: { data: { days: number } }) => data.days)
      }
      assert.deepEqual(await told(), [])
      clock.advanceMs(10 * day)
      await told()
      await until(async () => isDeepStrictEqual(await told(), [30]))
      clock.advanceMs(29 * day)
      await told()
      await until(async () => isDeepStrictEqual(await told(), [30, 1]))
      clock.advanceMs(day + 90 * day)
      await tendApiKeys({ storage, clock })
      clock.advanceMs(day)
      await tendApiKeys({ storage, clock })
      assert.equal((await api('GET', `/api/api-keys/${key.id}`)).status, 404, 'long ended ones are forgotten')
    }),
)
