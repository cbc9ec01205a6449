import { deployment, type Gate } from '#authorization'
import { type Feed, type Follower, listEvents } from '#feed'
import { type Clock, type Meter, Type } from '#kernel'
import type { Storage } from '#storage'
import { type Operation, operation } from '#web'
import { hourMs, Signs, signs } from './signs.ts'

export interface CompromiseDeps {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly meter: Meter
  readonly gate: Gate
}

/** Events before the start that are looked through, at most: an hour of a busy deployment may be many more. */
const lookBackMost = 20_000
const shownMost = 50

/**
 * Follows the feed for signs that identities are being taken over in numbers, the last hour before the start included. Each node
 * sees all of them; `suspected_compromised_principals` says how many there are.
 */
export async function openCompromise(
  deps: CompromiseDeps,
): Promise<{ readonly operations: Operation[]; readonly follower: Follower }> {
  const { storage, feed, clock, meter, gate } = deps
  const seen = new Signs()
  meter.gauge(
    'suspected_compromised_principals',
    'Different principals of the last hour that a sign of compromise is about, by sign',
    ['sign'],
    function () {
      for (const sign of signs) this.set({ sign }, seen.of(sign, clock.nowMs()).length)
    },
  )
  const follower = await feed.follow({
    name: 'compromise',
    after: await positionAnHourAgo(storage, clock.nowMs() - hourMs),
    handle: async (events) => {
      for (const event of events) seen.take(event)
    },
  })
  const operations = [
    operation({
      id: 'compromise.get',
      method: 'GET',
      url: '/api/observability/compromise',
      summary: 'Signs of the last hour that identities are taken over in numbers, and whom they are about',
      access: { kind: 'action', action: 'examine' },
      schemas: {
        reply: Type.Object({
          items: Type.Array(
            Type.Object({
              sign: Type.String({ description: signs.join(', ') }),
              count: Type.Integer({ description: 'Different principals within the last hour' }),
              principals: Type.Array(
                Type.Object({
                  type: Type.String(),
                  id: Type.String(),
                  atMs: Type.Integer(),
                  network: Type.Optional(Type.String({ description: 'An address, or the /64 of one' })),
                }),
                { description: `The newest ${shownMost}` },
              ),
            }),
          ),
        }),
      },
      handle: async ({ act }) => {
        gate.require(act, 'examine', deployment)
        const items = signs.map((sign) => {
          const found = seen.of(sign, clock.nowMs())
          return { sign, count: found.length, principals: found.slice(0, shownMost) }
        })
        return { items }
      },
    }),
  ]
  return { operations, follower }
}

/** The last position before `sinceMs`, by bisection: positions have no gaps, and times hardly go back. */
async function positionAnHourAgo({ db, readMark }: Storage, sinceMs: number): Promise<number> {
  const { position: newest } = await readMark()
  let [low, high] = [Math.max(0, newest - lookBackMost), newest]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    const [event] = await listEvents(db, middle, 1)
    if (event === undefined || event.atMs >= sinceMs) high = middle
    else low = middle + 1
  }
  return low
}
