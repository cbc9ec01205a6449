import { deployment, type Gate } from '#authorization'
import { record } from '#feed'
import { type Clock, Type } from '#kernel'
import type { Storage } from '#storage'
import { type Operation, operation } from '#web'
import type { Sinks } from './run-sinks.ts'
import '../events.ts'

/** What each sink has, and sending again. */
export function sinkOperations(deps: { storage: Storage; clock: Clock; gate: Gate; sinks: Sinks }): Operation[] {
  const { storage, clock, gate, sinks } = deps
  return [
    operation({
      id: 'audit.sinks',
      method: 'GET',
      url: '/api/audit/sinks',
      summary: 'Sinks of the audit log: how far each is, why it fails, what it refused',
      access: { kind: 'action', action: 'viewEvents' },
      schemas: {
        reply: Type.Object({
          items: Type.Array(
            Type.Object({
              name: Type.String(),
              kind: Type.String(),
              position: Type.Integer({ description: 'Newest position that it has' }),
              lagEvents: Type.Integer(),
              failures: Type.Integer({ description: 'In a row' }),
              failure: Type.Optional(Type.String()),
              deadLetters: Type.Array(
                Type.Object({ position: Type.Integer(), reason: Type.String(), atMs: Type.Integer() }),
              ),
            }),
          ),
        }),
      },
      handle: async ({ act }) => {
        gate.require(act, 'viewEvents', deployment)
        return { items: (await sinks.report()) as never }
      },
    }),
    operation({
      id: 'audit.replay',
      method: 'POST',
      url: '/api/audit/sinks/:name/replay',
      summary: 'Send a sink everything after a position once more',
      access: { kind: 'action', action: 'examine' },
      schemas: {
        params: Type.Object({ name: Type.String({ maxLength: 40 }) }),
        body: Type.Object({ after: Type.Integer({ minimum: 0 }) }, { additionalProperties: false }),
        reply: Type.Object({ name: Type.String(), after: Type.Integer() }),
      },
      handle: async ({ act, params, body }) => {
        gate.require(act, 'examine', deployment)
        await sinks.replay(params.name, body.after)
        await storage.transact((tx) =>
          record(tx, act, {
            type: 'audit.sink_replayed',
            atMs: clock.nowMs(),
            organizationId: undefined,
            object: { type: 'Sink', id: params.name },
            data: { after: body.after },
          }),
        )
        return { name: params.name, after: body.after }
      },
    }),
  ]
}
