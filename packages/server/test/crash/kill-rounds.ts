// Runs the real server under writes, kills it with SIGKILL at random moments, starts it again, and looks for what is missing.
import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { type ChildServer, startChildServer } from '../../../../bench/support/child-server.ts'
import { findCredential } from '../../../cli/src/client/credential.ts'

export interface KillOptions {
  readonly rounds: number
  /** Data directory; kept from round to round. */
  readonly data: string
  /** Address of PostgreSQL; default SQLite in the data directory. */
  readonly database?: string
  /** Requests in flight. Default 16. */
  readonly writers?: number
  readonly onRound?: (round: number, tally: Tally) => void
}

export interface Tally {
  /** Changes whose answer had arrived in full before the kill. */
  acknowledged: number
  /** Requests that the kill cut off. */
  cutOff: number
  /** Of those: how many had been committed all the same. */
  committedUnanswered: number
  /** Acknowledged changes that were not there after a restart. The figure that must be 0. */
  lost: number
  /** Decisions whose answer had arrived in full before the kill. */
  decided: number
  /** Of those: how many the journal does not know after a restart. Must be 0. */
  decisionsLost: number
  /** Changes that were there twice. Must be 0. */
  doubled: number
  /** Events in the feed at the end. */
  events: number
}

interface Sent {
  readonly name: string
  readonly key: string
  id?: string
  /** Requests that were answered for it, each decided upon by the gate. */
  readonly decided: string[]
}

/**
 * Every round: start, write organizations as fast as `writers` can, kill -9 within 300 ms of the first answer, start
 * again, ask for each acknowledged one, repeat each cut-off request with its Idempotency-Key.
 * @throws when a position is missing in the feed, or an acknowledged change has no event
 */
export async function killRounds(options: KillOptions): Promise<Tally> {
  const tally: Tally = {
    acknowledged: 0,
    cutOff: 0,
    committedUnanswered: 0,
    lost: 0,
    decided: 0,
    decisionsLost: 0,
    doubled: 0,
    events: 0,
  }
  const environment: Record<string, string> =
    options.database === undefined ? {} : { GATEHOUSE_DATABASE: options.database }
  const start = () => startChildServer({ data: options.data, environment })
  const acknowledged: Sent[] = []
  let server = await start()
  for (let round = 1; round <= options.rounds; round++) {
    const { done, cut } = await writeUntilKilled(server, options.writers ?? 16)
    server = await start()
    const client = new Client(server)
    await examineRound(client, done, tally)
    for (const sent of cut) await repeat(client, sent, tally)
    acknowledged.push(...done)
    tally.acknowledged = acknowledged.length
    tally.cutOff += cut.length
    options.onRound?.(round, tally)
  }
  try {
    await examineFeed(new Client(server), acknowledged, tally)
  } finally {
    await server.stop()
  }
  return tally
}

async function writeUntilKilled(server: ChildServer, writers: number): Promise<{ done: Sent[]; cut: Sent[] }> {
  const client = new Client(server)
  const done: Sent[] = []
  const cut: Sent[] = []
  let killed = false
  let first = () => {}
  const begun = new Promise<void>((resolve) => {
    first = resolve
  })
  const running = Array.from({ length: writers }, async () => {
    while (!killed) {
      const sent: Sent = {
        name: `k-${randomBytes(8).toString('hex')}`,
        key: randomBytes(12).toString('hex'),
        decided: [],
      }
      let id: string | undefined
      try {
        const made = await client.call('POST', '/api/organizations', { name: sent.name }, sent.key, `${sent.key}-made`)
        assert.equal(made.status, 201, JSON.stringify(made.body))
        id = made.body.id as string
        sent.decided.push(`${sent.key}-made`)
        first()
        // An ordinary decision too, which is answered once it is written and not yet flushed.
        const seen = await client.call('GET', `/api/organizations/${id}`, undefined, undefined, `${sent.key}-seen`)
        if (seen.status === 200) sent.decided.push(`${sent.key}-seen`)
      } catch (error) {
        if (error instanceof assert.AssertionError) throw error
        if (id === undefined) cut.push(sent)
        if (id === undefined) return
      }
      done.push({ ...sent, id })
    }
  })
  // A writer that was refused ends the wait too.
  await Promise.race([begun, ...running])
  await new Promise((resolve) => setTimeout(resolve, randomInt(0, 300)))
  killed = true
  await server.stop('SIGKILL')
  await Promise.all(running)
  return { done, cut }
}

/** Looks for every acknowledged change and decision of a round, sixteen at a time. */
async function examineRound(client: Client, done: readonly Sent[], tally: Tally): Promise<void> {
  const left = [...done]
  const look = async () => {
    for (let sent = left.pop(); sent !== undefined; sent = left.pop()) {
      const found = await client.call('GET', `/api/organizations/${sent.id}`)
      if (found.status !== 200 || found.body.name !== sent.name) tally.lost++
      for (const requestId of sent.decided) {
        const known = await client.call('GET', `/api/decisions?requestId=${requestId}`)
        assert.equal(known.status, 200, JSON.stringify(known.body))
        tally.decided++
        if (known.body.items.length === 0) tally.decisionsLost++
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, look))
}

/** A cut-off request is sent again under its key: afterwards it has been made exactly once, whatever the kill left. */
async function repeat(client: Client, sent: Sent, tally: Tally): Promise<void> {
  const before = await client.call('GET', `/api/organizations?name=${sent.name}`)
  if (before.body.items.length > 0) tally.committedUnanswered++
  const again = await client.call('POST', '/api/organizations', { name: sent.name }, sent.key)
  const told = again.status === 201 || ['web.answer_lost', 'web.idempotency_running'].includes(again.body.code)
  assert.ok(told, `a repetition was answered ${again.status} ${JSON.stringify(again.body)}`)
  const after = await client.call('GET', `/api/organizations?name=${sent.name}`)
  if (after.body.items.length !== 1) tally.doubled++
}

async function examineFeed(client: Client, acknowledged: readonly Sent[], tally: Tally): Promise<void> {
  const told = new Set<string>()
  let cursor = ''
  let expected = 1
  for (;;) {
    const page = await client.call('GET', `/api/events?order=oldest&limit=200${cursor && `&cursor=${cursor}`}`)
    assert.equal(page.status, 200, JSON.stringify(page.body))
    for (const event of page.body.items) {
      assert.equal(event.position, expected++, 'positions are contiguous from 1')
      told.add(event.object.id)
    }
    // Every use of the local credential is an event too: an empty page would never come.
    if (page.body.items.length < 200) break
    cursor = page.body.next
  }
  tally.events = expected - 1
  for (const sent of acknowledged) assert.ok(told.has(sent.id as string), `no event tells of ${sent.name}`)
}

interface Reply {
  readonly status: number
  // biome-ignore lint/suspicious/noExplicitAny: looks into whatever came
  readonly body: any
}

class Client {
  readonly #credential: ReturnType<typeof findCredential>

  constructor(server: ChildServer) {
    this.#credential = findCredential({ data: server.data })
  }

  async call(method: string, path: string, body?: unknown, key?: string, requestId?: string): Promise<Reply> {
    const response = await fetch(`${this.#credential.url}${path}`, {
      method,
      headers: {
        authorization: await this.#credential.authorization(),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(requestId !== undefined && { 'x-request-id': requestId }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
  }
}
