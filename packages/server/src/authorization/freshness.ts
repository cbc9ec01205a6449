import type { FastifyInstance } from 'fastify'
import { Fault } from '#kernel'
import { isConsistencyToken } from '#storage'
import type { Snapshot } from './engine/snapshot.ts'

/** Longest that a request waits for a write it asks to see (`Consistency-Token`), then 503 with `Retry-After`. */
const askedMs = 2_000
/** Longest that the reply to a change waits until this node decides upon it. */
const ownMs = 500

/**
 * Makes decisions as fresh as their callers need: a request with `Consistency-Token` waits until this node has applied
 * that write; and a change is answered once this node itself decides upon it, so that a client that goes on to what it just
 * made meets no stale refusal here. (A slow feed delays that answer by at most `ownMs`, never fails it.)
 */
export function keepFresh(app: FastifyInstance, snapshot: Snapshot): void {
  app.addHook('preHandler', (request, _reply, done) => {
    const token = request.headers['consistency-token']
    if (token === undefined) return done()
    if (!isConsistencyToken(token))
      return done(new Fault('web.invalid', { detail: 'Consistency-Token is not one that was handed out' }))
    snapshot.waitFor(token, askedMs).then(() => done(), done)
  })
  app.addHook('onSend', (_request, reply, payload, done) => {
    const token = reply.getHeader('consistency-token')
    if (!isConsistencyToken(token)) return done(null, payload)
    const go = () => done(null, payload)
    snapshot.waitFor(token, ownMs).then(go, go)
  })
}
