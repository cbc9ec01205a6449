import type { FastifyInstance } from 'fastify'
import { Fault } from '#kernel'
import { isConsistencyToken } from '#storage'
import type { Snapshot } from './engine/snapshot.ts'
import type { Privileged } from './gate/privileged.ts'
import type { Journal } from './journal/journal.ts'

/** Longest that a request waits for a write it asks to see (`Consistency-Token`), then 503 with `Retry-After`. */
const askedMs = 2_000
/** Longest that the reply to a change waits until this node decides upon it. */
const ownMs = 500

export interface ReplyDeps {
  readonly snapshot: Snapshot
  readonly journal: Journal
  readonly privileged: Privileged
}

/**
 * Makes decisions as fresh as their callers need: a request with `Consistency-Token` waits until this node has applied
 * that write; and a change is answered once this node itself decides upon it, so that a client that goes on to what it just
 * made meets no stale refusal here. (A slow feed delays that answer by at most `ownMs`, never fails it.) What was permitted as
 * privileged is answered once its decision is on the medium.
 */
export function holdReplies(app: FastifyInstance, { snapshot, journal, privileged }: ReplyDeps): void {
  app.addHook('preHandler', (request, _reply, done) => {
    const token = request.headers['consistency-token']
    if (token === undefined) return done()
    if (!isConsistencyToken(token))
      return done(new Fault('web.invalid', { detail: 'Consistency-Token is not one that was handed out' }))
    snapshot.waitFor(token, askedMs).then(() => done(), done)
  })
  app.addHook('onSend', (request, reply, payload, done) => {
    const token = reply.getHeader('consistency-token')
    const waits: Promise<unknown>[] = []
    if (isConsistencyToken(token)) waits.push(snapshot.waitFor(token, ownMs).catch(() => undefined))
    if (privileged.take(request.id)) waits.push(journal.durable())
    if (waits.length === 0) return done(null, payload)
    Promise.all(waits).then(() => done(null, payload), done)
  })
}
