import { deployment, type Gate } from '#authorization'
import { type Act, Fault, isId, type OrganizationId, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import { countArchives } from './archive.store.ts'
import { isInForce } from './hold.ts'
import { everything, findMinimumDays, type Hold, listHolds, listRetention } from './retention.store.ts'
import { endHold, placeHold, type RetentionDeps, requireHold, setMinimum, setRetention } from './retention.ts'
import type { Sweeps } from './run-sweeps.ts'

export interface RetentionRoutesDeps extends RetentionDeps {
  readonly gate: Gate
  readonly sweeps: Sweeps
}

const closed = { additionalProperties: false } as const
const days = (description: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: 36_500, description }))
const organizationId = Type.Optional(Type.String({ maxLength: 64 }))
const holdShape = Type.Object({
  id: Type.String(),
  organizationId,
  subject: Type.Optional(Type.String()),
  fromMs: Type.Optional(Type.Integer()),
  untilMs: Type.Optional(Type.Integer()),
  endsAtMs: Type.Optional(Type.Integer()),
  reason: Type.String(),
  by: Type.String(),
  createdAtMs: Type.Integer(),
  inForce: Type.Boolean(),
})
const text = (minLength: number, maxLength: number) => Type.String({ minLength, maxLength, pattern: '^[^\\u0000]*$' })
const moment = Type.Integer({ minimum: 0, maximum: 8.64e15 })
const access = { kind: 'action', action: 'manageRetention' } as const

/** How long the log keeps what it says, what must stay whatever the time, and the sweep that goes by both. */
export function retentionOperations(deps: RetentionRoutesDeps): Operation[] {
  const { storage, clock, gate, sweeps } = deps
  return [
    operation({
      id: 'audit.retention',
      method: 'GET',
      url: '/api/audit/retention',
      summary: 'How long entries of the audit log keep their bodies, by organization, and what is archived',
      access: { kind: 'action', action: 'viewEvents' },
      schemas: {
        reply: Type.Object({
          items: Type.Array(
            Type.Object({
              organizationId: Type.Optional(Type.String({ description: 'Absent: all without a setting of their own' })),
              keepDays: days('Absent: kept for good'),
              archiveDays: days('Bodies older than this go into archives'),
            }),
          ),
          minimumDays: Type.Integer({ description: 'What no setting goes below' }),
          archives: Type.Object({ files: Type.Integer(), bodies: Type.Integer() }),
        }),
      },
      handle: async ({ act }) => {
        gate.require(act, 'viewEvents', deployment)
        const items = (await listRetention(storage.db)).map(({ scope, keepDays, archiveDays }) => ({
          ...(scope !== everything && { organizationId: scope }),
          ...(keepDays !== undefined && { keepDays }),
          ...(archiveDays !== undefined && { archiveDays }),
        }))
        return { items, minimumDays: await findMinimumDays(storage.db), archives: await countArchives(storage.db) }
      },
    }),
    operation({
      id: 'audit.set_retention',
      method: 'PUT',
      url: '/api/audit/retention',
      summary: 'Set how long entries of an organization, or of all others, keep their bodies; without days: for good',
      access,
      schemas: {
        body: Type.Object(
          { organizationId, keepDays: days('Days'), archiveDays: days('Days; not with an organization') },
          closed,
        ),
      },
      handle: async ({ act, body }) => {
        const organization = readOrganization(body.organizationId)
        requireOn(act, organization)
        const { at } = await setRetention(deps, act, organization, body)
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'audit.set_retention_minimum',
      method: 'PUT',
      url: '/api/audit/retention/minimum',
      summary: 'Set for how many days every entry keeps its body, whatever an organization sets; 0 for no minimum',
      access,
      schemas: { body: Type.Object({ days: Type.Integer({ minimum: 0, maximum: 36_500 }) }, closed) },
      handle: async ({ act, body: { days } }) => {
        gate.require(act, 'manageRetention', deployment)
        const { at } = await setMinimum(deps, act, days)
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'audit.sweep',
      method: 'POST',
      url: '/api/audit/sweeps',
      summary: 'Remove now what is past its retention, and archive what is old enough; happens by itself every hour',
      access,
      schemas: {
        reply: Type.Object({
          removed: Type.Integer(),
          held: Type.Integer(),
          archived: Type.Integer(),
          away: Type.Array(Type.String()),
          running: Type.Boolean({ description: 'true: another node does it just now' }),
        }),
      },
      handle: async ({ act }) => {
        gate.require(act, 'manageRetention', deployment)
        const swept = await sweeps.run(act)
        return { ...(swept ?? { removed: 0, held: 0, archived: 0, away: [] }), running: swept === undefined }
      },
    }),
    operation({
      id: 'audit.holds',
      method: 'GET',
      url: '/api/audit/holds',
      summary: 'Legal holds on the audit log, released ones included',
      access: { kind: 'action', action: 'viewEvents' },
      schemas: { reply: Type.Object({ items: Type.Array(holdShape) }) },
      handle: async ({ act }) => {
        gate.require(act, 'viewEvents', deployment)
        return { items: (await listHolds(storage.db)).map(show) }
      },
    }),
    operation({
      id: 'audit.place_hold',
      method: 'POST',
      url: '/api/audit/holds',
      summary:
        'Keep entries from being removed or erased: of an organization, about a subject, of a time, or all of these',
      access,
      schemas: {
        body: Type.Object(
          {
            organizationId,
            subject: Type.Optional(text(1, 256)),
            fromMs: Type.Optional(moment),
            untilMs: Type.Optional(moment),
            endsAtMs: Type.Optional(
              Type.Integer({ minimum: 0, maximum: 8.64e15, description: 'When it ends by itself' }),
            ),
            reason: text(3, 500),
          },
          closed,
        ),
        reply: holdShape,
      },
      handle: async ({ act, body }) => {
        const organization = readOrganization(body.organizationId)
        requireOn(act, organization)
        const placedIn = gate.may(act, 'manageRetention', deployment) ? undefined : organization
        const { hold, at } = await placeHold(deps, act, { ...body, organizationId: organization, placedIn })
        return new Answer(show(hold), { status: 201, at })
      },
    }),
    operation({
      id: 'audit.release_hold',
      method: 'POST',
      url: '/api/audit/holds/:id/release',
      summary: 'Release a legal hold, with the reason',
      access,
      schemas: {
        params: Type.Object({ id: Type.String() }),
        body: Type.Object({ reason: text(3, 500) }, closed),
      },
      handle: async ({ act, params: { id }, body: { reason } }) => {
        // Who may not even see the others learns nothing about them.
        const hold = await requireHold(storage, id).catch((error) => {
          gate.require(act, 'manageRetention', deployment)
          throw error
        })
        // What the operator holds, whoever it is about cannot release.
        requireOn(act, hold.placedIn as OrganizationId | undefined)
        const { at } = await endHold(deps, act, hold, reason)
        return new Answer(undefined, { at })
      },
    }),
  ]

  function requireOn(act: Act, organization: OrganizationId | undefined): void {
    const resource = organization === undefined ? deployment : { type: 'Organization', id: organization }
    gate.require(act, 'manageRetention', resource)
  }

  function show({ releasedAtMs, placedIn: _, ...hold }: Hold) {
    const told = Object.fromEntries(Object.entries(hold).filter(([, value]) => value !== undefined))
    return {
      ...(told as typeof hold),
      inForce: isInForce({ ...hold, releasedAtMs, placedIn: undefined }, clock.nowMs()),
    } as never
  }
}

function readOrganization(text: string | undefined): OrganizationId | undefined {
  if (text === undefined) return undefined
  if (!isId('org', text)) throw new Fault('web.invalid', { detail: 'organizationId must be the id of an organization' })
  return text
}
