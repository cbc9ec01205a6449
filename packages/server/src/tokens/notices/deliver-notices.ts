import { record } from '#feed'
import type { Clock, Meter } from '#kernel'
import type { Storage } from '#storage'
import type { Outgoing } from '#web'
import '../events.ts'
import type { ClientCache } from '../oidc/clients.ts'
import type { RegisteredClient } from '../ports.ts'
import { deleteNotice, listDueNotices, type Notice, takeNotice } from './notice.store.ts'

export interface NoticeRequest {
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string
}

/** Undefined when there is nobody to tell any more. */
export type WriteNotice = (notice: Notice, client: RegisteredClient) => Promise<NoticeRequest | undefined>

export interface NoticeDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly meter: Meter
  readonly clients: ClientCache
  readonly outgoing: Outgoing
  readonly write: Readonly<Record<Notice['kind'], WriteNotice>>
  readonly onError: (where: string, error: unknown) => void
  /** How long one request may take. Default 5 s. */
  readonly timeoutMs?: number
}

const everyMs = 1_000
const atOnce = 10
/** After the first, second, … attempt; the last one again and again until it is too late. */
const waitsMs = [2_000, 10_000, 30_000, 120_000, 600_000]

/**
 * Tells clients what they are to be told: soon after it happened, again after a failure with growing waits, each by one node at a
 * time. At least once: a crash between the client's answer and our note of it tells it again.
 */
export class NoticeDelivery {
  readonly #deps: NoticeDeps
  readonly #sent
  readonly #timer: NodeJS.Timeout
  #running: Promise<void> | undefined
  #stopping = false

  constructor(deps: NoticeDeps) {
    this.#deps = deps
    this.#sent = deps.meter.counter('token_client_notices_total', 'Requests to clients by outcome', ['kind', 'outcome'])
    this.#timer = setInterval(() => this.hurry(), everyMs)
    this.#timer.unref()
  }

  /** Looks for due notices now. */
  hurry(): void {
    if (this.#stopping || this.#running !== undefined) return
    this.#running = this.#run()
      .catch((error) => this.#deps.onError('notices to clients', error))
      .finally(() => {
        this.#running = undefined
      })
  }

  async stop(): Promise<void> {
    this.#stopping = true
    clearInterval(this.#timer)
    await this.#running
  }

  async #run(): Promise<void> {
    const { storage, clock } = this.#deps
    for (;;) {
      const due = await listDueNotices(storage.db, clock.nowMs(), atOnce)
      await Promise.all(due.map((notice) => this.#deliver(notice)))
      if (due.length < atOnce || this.#stopping) return
    }
  }

  async #deliver(notice: Notice): Promise<void> {
    const { storage, clock, clients, write } = this.#deps
    const waitMs = waitsMs[Math.min(notice.attempts, waitsMs.length - 1)] as number
    const next = clock.nowMs() + Math.round(waitMs * (0.8 + 0.4 * Math.random()))
    if (!(await storage.transact((tx) => takeNotice(tx, notice, next)))) return
    const client = await clients.find(notice.clientId)
    const request = client && (await write[notice.kind](notice, client))
    const outcome = request === undefined ? 'dropped' : await this.#send(request)
    const { kind, attempts } = notice
    if (outcome === 'failed' && next < notice.untilMs) {
      this.#sent.inc({ kind, outcome: 'retried' })
      return
    }
    this.#sent.inc({ kind, outcome })
    await storage.transact(async (tx) => {
      await deleteNotice(tx, notice.id)
      if (client === undefined || outcome === 'dropped') return
      await record(
        tx,
        { actor: { type: 'system', name: 'tokens' }, requestId: `notice-${notice.id.slice(0, 16)}` },
        {
          type: outcome === 'delivered' ? 'tokens.client_notified' : 'tokens.client_not_notified',
          atMs: clock.nowMs(),
          organizationId: client.organizationId,
          object: { type: 'Gatehouse::Client', id: client.id, name: client.name },
          touches: [],
          data: { clientId: client.id, about: kind, attempts: attempts + 1 },
        },
      )
    })
  }

  async #send({ url, headers, body }: NoticeRequest): Promise<'delivered' | 'failed'> {
    try {
      const timeoutMs = this.#deps.timeoutMs ?? 5_000
      const { status } = await this.#deps.outgoing.send(url, {
        method: 'POST',
        headers,
        body,
        timeoutMs,
        mostBytes: 65_536,
      })
      return status === 200 || status === 204 || status === 202 ? 'delivered' : 'failed'
    } catch {
      return 'failed'
    }
  }
}
