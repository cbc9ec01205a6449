import { type Static, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import { CredentialNotes } from '../credentials/credential-notes.store.ts'
import { keyView } from '../credentials/credentials.schema.ts'
import { judgeCredentials, staleReasons } from '../credentials/judge-credentials.ts'
import type { DirectoryDeps } from '../deps.ts'
import { findUsers } from '../users/user.store.ts'
import { makePage, readLimit, readTextCursor } from '../values/page.ts'
import { readId, readOrganizationId } from '../values/query.ts'
import { closed, oneOf, pageOf, pageQuery, timeMs } from '../values/schema.ts'
import { visibleOrganizations } from '../visible.ts'
import { listMachines } from './machine.store.ts'
import { type Machine, parseMachineId } from './machine.ts'
import { registerMachineKey, revokeMachineKey } from './machine-keys.ts'

const day = 86_400
const seconds = (maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum, description }))

const judged = closed({
  kind: oneOf(['key', 'secret']),
  id: Type.String({ description: 'A kid, or the public id of a secret' }),
  sinceMs: timeMs,
  expiresAtMs: Type.Optional(timeMs),
  usedAtMs: Type.Optional(Type.Integer({ description: 'Last use, to the quarter of an hour' })),
  reasons: Type.Array(oneOf(staleReasons), { description: 'Why it wants attention; none when it does not' }),
})
const reported = closed({
  machineId: Type.String(),
  organizationId: Type.String(),
  name: Type.String(),
  owner: Type.String(),
  state: Type.String(),
  credentials: Type.Array(judged),
})

/** Keys of machines over HTTP: registered, ended, and a report of what is stale. */
export function machineKeyOperations(deps: DirectoryDeps): Operation[] {
  const { clock } = deps
  const { db } = deps.storage
  return [
    operation({
      id: 'machines.registerKey',
      method: 'POST',
      url: '/api/machines/:machineId/keys',
      summary: 'Register a public key; former ones stay, or end after the overlap',
      access: { kind: 'action', action: 'updateMachine' },
      schemas: {
        params: closed({ machineId: Type.String() }),
        body: closed({
          jwk: Type.Record(Type.String(), Type.Unknown(), { description: 'A public JWK (RFC 7517): EC, OKP or RSA' }),
          validSeconds: Type.Optional(
            Type.Integer({
              minimum: 60,
              maximum: 366 * day,
              description: 'Default 90 days, or what the organization says',
            }),
          ),
          overlapSeconds: seconds(30 * day, 'Former keys end after this long; left out, they stay as they are'),
          replaceSecrets: Type.Optional(Type.Boolean({ description: 'End its client secrets, and go over to keys' })),
        }),
        reply: closed({ clientId: Type.String(), key: keyView }),
      },
      handle: async ({ act, params, body }) => {
        const id = parseMachineId(params.machineId)
        const { value, at } = await registerMachineKey(deps, act, id, body)
        const { key, machine } = value
        const reply = { clientId: id, key: { ...key, jwk: { ...key.jwk } } }
        return new Answer(reply, { status: 201, at, revision: machine.revision })
      },
    }),
    operation({
      id: 'machines.revokeKey',
      method: 'DELETE',
      url: '/api/machines/:machineId/keys/:kid',
      summary: 'End a public key at once',
      access: { kind: 'action', action: 'updateMachine' },
      schemas: { params: closed({ machineId: Type.String(), kid: Type.String() }) },
      handle: async ({ act, params }) => {
        const { at } = await revokeMachineKey(deps, act, parseMachineId(params.machineId), params.kid)
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'machines.keys',
      method: 'GET',
      url: '/api/machine-keys',
      summary:
        'Secrets and keys of the machines that you may view, with why each wants attention; a page is of machines',
      access: { kind: 'action', action: 'viewMachine' },
      schemas: {
        query: closed({
          organizationId: Type.Optional(Type.String()),
          owner: Type.Optional(Type.String()),
          name: Type.Optional(Type.String({ maxLength: 63, pattern: '^[^\\u0000]*$' })),
          stale: Type.Optional(oneOf(['true'])),
          ...pageQuery,
        }),
        reply: pageOf(reported),
      },
      handle: async ({ act, query }) => {
        const limit = readLimit(query.limit)
        const after = readTextCursor('machine-keys', query.cursor, ['string', 'string', 'string'])
        const filter = {
          organizationIds: await visibleOrganizations(
            deps,
            act,
            'viewMachine',
            readOrganizationId(query.organizationId),
          ),
          name: query.name,
          owner: query.owner === undefined ? undefined : readId('user', '/query/owner', query.owner),
        }
        const machines = await listMachines(db, filter, { after, limit: limit + 1 })
        const notes = await CredentialNotes.read(
          db,
          machines.map(({ id }) => id),
        )
        const owners = await findUsers(db, [...new Set(machines.map(({ owner }) => owner))])
        const there = new Set(owners.filter(({ state }) => state === 'active').map(({ id }) => id))
        const show = (machine: Machine): Static<typeof reported> => {
          const { id, organizationId, name, owner, state } = machine
          const all = judgeCredentials(machine, notes, there.has(owner), clock.nowMs())
          const shown = query.stale === undefined ? all : all.filter(({ reasons }) => reasons.length > 0)
          const credentials = shown.map((one) => ({ ...one, reasons: [...one.reasons] }))
          return { machineId: id, organizationId, name, owner, state, credentials }
        }
        const keyOf = (row: Machine) => [row.organizationId, row.name, row.id]
        const page = makePage('machine-keys', limit, machines, keyOf, show)
        return { ...page, items: page.items.filter(({ credentials }) => credentials.length > 0) }
      },
    }),
  ]
}
