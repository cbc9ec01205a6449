import assert from 'node:assert/strict'
import { gatehouseJson } from '../command.ts'
import type { Person } from '../people.ts'
import { type Scene, timed, untilTrue } from '../scene.ts'
import { letAppAct, refresh } from '../tokens.ts'

export interface Departure {
  readonly aliceId: string
  /** The request id of the change that ended her access. */
  readonly requestId: string
}

const withinMs = 1_000

/** Alice leaves: her session, her refresh token and her access at the gateway end at once. */
export async function alicesDeparture({ stage, teller }: Scene, alice: Person): Promise<Departure> {
  teller.chapter('Alice leaves the company')
  const { url } = stage.server
  const { id: clientId } = await gatehouseJson<{ id: string }>(
    stage.data,
    ...[
      'app',
      'create',
      'phone',
      '--kind',
      'native',
      '--organization',
      'acme',
      '--redirect-uri',
      'http://127.0.0.1/callback',
    ],
  )
  const app = await letAppAct(url, alice, clientId)
  const first = await refresh(url, app)
  assert.equal(first.status, 200, JSON.stringify(first.body))
  const phone = { clientId, refreshToken: first.body.refresh_token ?? app.refreshToken }
  assert.equal((await alice.visitor.fetch(`${url}/api/me`)).status, 200)
  const budget = `${stage.origin}/documents/budget`
  assert.equal((await alice.visitor.fetch(budget)).status, 200)
  teller.tell('She has a session here, one at the gateway, and an app on her phone with a refresh token. All work.')

  const { value, ms } = await timed(() =>
    gatehouseJson<{ id: string; requestId?: string }>(
      stage.data,
      ...['user', 'deactivate', 'acme/alice', '--reason', 'left the company'],
    ),
  )
  teller.tell('gatehouse user deactivate acme/alice', ms)
  const [sessionMs, gatewayMs, refreshMs] = await Promise.all([
    untilTrue('her session is dead', withinMs, async () => (await alice.visitor.fetch(`${url}/api/me`)).status === 401),
    untilTrue(
      'the gateway lets her in no more',
      withinMs,
      async () => (await alice.visitor.fetch(budget)).status !== 200,
    ),
    untilTrue(
      'her refresh token is dead',
      withinMs,
      async () => (await refresh(url, phone)).body.error === 'invalid_grant',
    ),
  ])
  teller.figure('her session is dead, after', sessionMs)
  teller.figure('the gateway lets her in no more, after', gatewayMs)
  teller.figure("her phone's refresh token is dead, after", refreshMs)
  const events = await gatehouseJson<{ requestId: string; type: string }[]>(
    stage.data,
    ...['events', '--type', 'directory.user_deactivated', '--object', value.id],
  )
  assert.equal(events.length, 1)
  return { aliceId: value.id, requestId: events[0]?.requestId as string }
}
