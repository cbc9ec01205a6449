import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, isFault, ManualClock, Meter, systemEntropy } from '#kernel'
import { Outgoing } from '#web'
import { applyAcme } from '../../../test/support/acme-house.ts'
import { type Message, rehearse, secret } from '../../../test/support/alerts.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { readSloFile } from '../slos/slo-file.ts'
import { Watch } from '../slos/watch.ts'

onEachEngine(
  'an outage pages within two minutes, once, is told once, escalates, and ends with one message',
  async (scratch) => {
    const { run, calm, refused, alerts, receiver, close, problems, posted } = await rehearse(scratch)
    try {
      await run(600, calm)
      assert.deepEqual(await alerts(), [])
      await run(120, () => refused.inc(50))
      const [alert, ...others] = await alerts()
      assert.deepEqual(others, [])
      assert.deepEqual([alert?.severity, alert?.objective], ['page', 'decision-availability'])
      await run(600, () => refused.inc(50))
      assert.deepEqual(
        receiver.got.map(({ what, objective, severity }) => [what, objective, severity]),
        [['opened', 'decision-availability', 'page']],
      )
      const { raw, signature = '' } = receiver.got[0] as Message
      const [, seconds, hex] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? []
      assert.equal(hex, createHmac('sha256', secret).update(`${seconds}.${raw}`).digest('hex'))
      await run(600, () => refused.inc(50))
      assert.deepEqual(
        receiver.got.map(({ what }) => what),
        ['opened', 'escalated'],
      )
      await run(40 * 60, calm)
      assert.deepEqual(
        (await alerts()).filter(({ severity }) => severity === 'page'),
        [],
      )
      const over = receiver.got.filter(({ severity, what }) => severity === 'page' && what === 'resolved')
      assert.equal(over.length, 2, 'each receiver that was told is told that it is over')
      assert.deepEqual(problems, [])
      const subjects = posted.map((letter) => letter.split('\n')[0])
      const about = 'team@example.com [page] decision-availability:'
      assert.deepEqual(subjects, [`${about} opened`, `${about} resolved`])
      assert.match(posted[0] as string, /^Runbook: https?:\/\/[^/]+\/console\/runbooks\/decisions-refused$/m)
    } finally {
      await close()
    }
  },
)

onEachEngine(
  'a receiver that does not answer is tried again until it does; nothing is lost or sent twice',
  async (scratch) => {
    const { run, refused, receiver, close, problems } = await rehearse(scratch)
    try {
      receiver.status = 500
      await run(120, () => refused.inc(50))
      assert.deepEqual(receiver.got, [])
      assert.ok(problems.length > 0)
      receiver.status = 204
      await run(300, () => refused.inc(50))
      assert.deepEqual(
        receiver.got.map(({ what }) => what),
        ['opened'],
      )
    } finally {
      await close()
    }
  },
)

onEachEngine(
  'a silence keeps an alert from being told, not from being on record; an acknowledged one does not escalate',
  async (scratch) => {
    const { api, clock, run, refused, alerts, receiver, close } = await rehearse(scratch)
    try {
      const silence = { objective: 'decision-availability', why: 'planned work', untilMs: clock.nowMs() + 3_600_000 }
      assert.equal((await api.call('POST', '/api/observability/silences', silence)).status, 201)
      await run(120, () => refused.inc(50))
      const [silenced] = await alerts()
      assert.ok(silenced?.silencedBy)
      assert.deepEqual(receiver.got, [])
      const { body } = await api.call('POST', `/api/observability/alerts/${silenced?.id}/acknowledge`)
      assert.equal(body.acknowledgedBy, 'local')
      assert.equal((await api.call('POST', `/api/observability/alerts/${silenced?.id}/acknowledge`)).status, 409)
      for (const bad of [
        { why: 'everything, for ever', untilMs: clock.nowMs() + 1_000 },
        { ...silence, objective: 'no-such' },
        { ...silence, untilMs: Date.now() - 1 },
        { ...silence, untilMs: Date.now() + 31 * 86_400_000 },
      ])
        assert.equal((await api.call('POST', '/api/observability/silences', bad)).status, 400, JSON.stringify(bad))
      const found = (await api.call('GET', '/api/observability/silences')).body.items as { id: string }[]
      assert.equal((await api.call('DELETE', `/api/observability/silences/${found[0]?.id}`)).status, 204)
      assert.equal((await api.call('DELETE', `/api/observability/silences/${found[0]?.id}`)).status, 404)
    } finally {
      await close()
    }
  },
)

onEachEngine(
  'with a database that is away or takes nothing, a page goes out directly, once to each who can be told',
  async (scratch) => {
    const { api, receiver, close, watched } = await rehearse(scratch)
    const clock = new ManualClock(Date.now())
    const posted: string[] = []
    const meter = new Meter()
    const refused = meter.counter('authorization_decisions_refused_total', 'x')
    const full = () => Promise.reject(new Fault('storage.full'))
    const watch = new Watch({
      storage: { ...api.storage, db: api.storage.db, transact: full, write: full },
      clock,
      entropy: systemEntropy,
      meter,
      watched,
      outgoing: new Outgoing(['127.0.0.1']),
      post: { send: async (to) => void posted.push(to), close: () => undefined },
      url: api.url,
      onError: () => undefined,
    })
    const look = async () => {
      clock.advanceMs(15_000)
      refused.inc(50)
      await watch.look()
    }
    try {
      receiver.status = 500
      await look()
      await look()
      assert.deepEqual([receiver.got.length, posted], [0, ['team@example.com']])
      receiver.status = 204
      await look()
      await look()
      assert.deepEqual(
        receiver.got.map(({ what, identity }) => [what, identity]),
        [['opened', 'page:decision-availability']],
      )
      assert.deepEqual(posted, ['team@example.com'])
    } finally {
      await watch.close()
      await close()
    }
  },
)

onEachEngine(
  'a policy regression opens exactly one ticket, with the deploy as its cause, however many objectives it hurts; one-off denies open none',
  async (scratch) => {
    const { api, run, calm, decisions, refused, meter, alerts, receiver, close } = await rehearse(scratch)
    const slow = meter
      .hotSeconds<'via'>('authorization_decision_duration_seconds', 'x', [0.02])
      .series('authzen', () => ({ via: 'authzen' }))
    const decide = (denied: number, seconds: number) => {
      for (let count = 0; count < 50; count++) slow.observe(seconds)
      decisions.inc({ via: 'authzen', outcome: 'deny_default' }, denied)
      decisions.inc({ via: 'authzen', outcome: 'allow' }, 50 - denied)
    }
    try {
      await run(600, calm)
      // One of thousands is denied by default: somebody asked for what is not theirs.
      let look = 0
      await run(600, () => decide(look++ % 20 === 0 ? 1 : 0, 0.001))
      assert.deepEqual(await alerts(), [])
      await applyAcme(api)
      await run(1_200, () => decide(20, 0.05))
      const open = await alerts()
      assert.equal(open.length, 1, JSON.stringify(open.map(({ identity }) => identity)))
      assert.equal(open[0]?.severity, 'ticket')
      assert.deepEqual((open[0]?.cause as { kind: string; subject: string }).kind, 'policy-deploy')
      assert.deepEqual(
        receiver.got.map(({ what, severity }) => [what, severity]),
        [['opened', 'ticket']],
      )
      // It gets so bad that nothing is decided any more: the ticket does not swallow the page.
      await run(120, () => refused.inc(50))
      assert.deepEqual(receiver.got.map(({ what, severity, identity }) => [what, severity, identity]).slice(1), [
        ['opened', 'page', 'page:policy-deploy:documents'],
      ])
    } finally {
      await close()
    }
  },
)

onEachEngine('two nodes count together and open one alert', async (scratch) => {
  const first = await rehearse(scratch)
  const meter = new Meter()
  const refused = meter.counter('authorization_decisions_refused_total', 'x')
  const second = new Watch({
    storage: first.api.storage,
    clock: first.clock,
    entropy: systemEntropy,
    meter,
    watched: first.watched,
    outgoing: new Outgoing(['127.0.0.1']),
    post: { send: async () => undefined, close: () => undefined },
    url: first.api.url,
    onError: (_where, error) => assert.fail(String(error)),
  })
  try {
    // Neither has enough events alone.
    for (let look = 0; look < 3; look++) {
      first.clock.advanceMs(15_000)
      first.refused.inc(4)
      refused.inc(4)
      await Promise.all([first.watch.look(), second.look()])
    }
    first.clock.advanceMs(15_000)
    await Promise.all([first.watch.look(), second.look()])
    await Promise.all([first.watch.look(), second.look()])
    assert.equal((await first.alerts()).length, 1)
    assert.equal(first.receiver.got.length, 1)
  } finally {
    await second.close()
    await first.close()
  }
})

onEachEngine(
  'objectives say how they stand; the file changes, joins and removes them, and is refused with file and line',
  async (scratch) => {
    const { api, watched, close } = await rehearse(scratch)
    try {
      const { status, body } = await api.call('GET', '/api/observability/objectives')
      assert.equal(status, 200)
      assert.ok(body.items.some(({ name }: { name: string }) => name === 'decision-latency'))
      const series = await api.call('GET', '/api/observability/objectives/decision-latency/series?hours=1&steps=12')
      assert.equal(series.body.items.length, 12)
      assert.equal((await api.call('GET', '/api/observability/objectives/none/series')).status, 404)
      assert.equal(
        watched.objectives.some(({ name }) => name === 'orphans'),
        false,
      )
      assert.equal(watched.objectives.find(({ name }) => name === 'token-latency')?.target, 0.9)
      const file = join(scratch.directory, 'bad.yaml')
      for (const [text, says] of [
        ['objectives:\n  - { name: a, target: 2 }\n', /bad\.yaml:2: objectives\.0\.target/],
        ['nonsense: 1\n', /bad\.yaml:1/],
        ['objectives:\n  - { name: new-one }\n', /needs "says"/],
        ['receivers:\n  - { name: a, webhook: "ftp://x" }\n', /bad\.yaml:2/],
        ['a: [\n', /is not YAML/],
        ['receivers:\n  - { name: a }\n', /needs "webhook" or "mail"/],
      ] as const) {
        writeFileSync(file, text)
        assert.throws(
          () => readSloFile(file),
          (error) => isFault(error, 'config.invalid') && says.test(error.message),
          text,
        )
      }
    } finally {
      await close()
    }
  },
)
