// Rehearsals of alerts: a real server, a receiver of webhooks, and a watch with instruments and a clock that the test moves.
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ManualClock, Meter, systemEntropy } from '#kernel'
import { Outgoing } from '#web'
import { readSloFile } from '../../src/observability/slos/slo-file.ts'
import { Watch } from '../../src/observability/slos/watch.ts'
import { startApi } from './api.ts'
import type { Scratch } from './engines.ts'

export interface Message {
  readonly what: string
  readonly objective: string
  readonly severity: string
  readonly identity: string
  readonly signature: string | undefined
  readonly raw: string
}

export const secret = 'a secret of sixteen or more'

/** A receiver of webhooks; answers `status` until told otherwise. */
export async function startReceiver() {
  const got: Message[] = []
  const receiver = { status: 204, got, url: '', close: () => server.close() }
  const server = createServer(async (request, response) => {
    let raw = ''
    for await (const chunk of request) raw += chunk
    response.writeHead(receiver.status).end()
    if (receiver.status === 204)
      got.push({ ...JSON.parse(raw), raw, signature: request.headers['gatehouse-signature'] as string | undefined })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  receiver.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return receiver
}

function sloFile(scratch: Scratch, url: string): string {
  mkdirSync(scratch.directory, { recursive: true })
  const file = join(scratch.directory, 'slo.yaml')
  writeFileSync(join(scratch.directory, 'hook.secret'), secret)
  writeFileSync(
    file,
    `receivers:
  - { name: first, webhook: '${url}', secretFile: hook.secret }
  - { name: second, webhook: '${url}', severities: [page], afterMinutes: 15 }
  - { name: third, mail: [team@example.com], severities: [page] }
objectives:
  - { name: orphans, off: true }
  - { name: token-latency, target: 0.9 }
`,
  )
  return file
}

/** The whole server, and a watch of the same database with instruments and a clock that the test moves. */
export async function rehearse(scratch: Scratch) {
  const receiver = await startReceiver()
  const api = await startApi(scratch)
  const clock = new ManualClock(Date.now())
  const meter = new Meter()
  const decisions = meter.counter('authorization_decisions_total', 'x', ['via', 'outcome'])
  const refused = meter.counter('authorization_decisions_refused_total', 'x')
  const problems: unknown[] = []
  const posted: string[] = []
  const watched = readSloFile(sloFile(scratch, receiver.url))
  const watch = new Watch({
    storage: api.storage,
    clock,
    entropy: systemEntropy,
    meter,
    watched,
    outgoing: new Outgoing(['127.0.0.1']),
    post: {
      send: async (to, letter) => void posted.push(`${to} ${letter.subject}\n${letter.text}`),
      close: () => undefined,
    },
    url: api.url,
    onError: (_where, error) => void problems.push(error),
  })
  /** Looks every 15 s for so long, with so much going on in each look. */
  const run = async (seconds: number, each: () => void = () => undefined) => {
    for (let second = 0; second < seconds; second += 15) {
      clock.advanceMs(15_000)
      each()
      await watch.look()
    }
  }
  const calm = () => decisions.inc({ via: 'authzen', outcome: 'allow' }, 50)
  const alerts = async (state = 'open') =>
    (await api.call('GET', `/api/observability/alerts?state=${state}`)).body.items as Record<string, unknown>[]
  const close = async () => {
    await watch.close()
    await api.close()
    receiver.close()
  }
  return { posted, api, clock, meter, receiver, watch, run, calm, decisions, refused, alerts, problems, close, watched }
}
