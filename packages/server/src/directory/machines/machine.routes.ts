import { type Static, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import { CredentialNotes } from '../credentials/credential-notes.store.ts'
import { credentialsView, issueBody, issuedView, keysBody, showCredentials } from '../credentials/credentials.schema.ts'
import type { DirectoryDeps } from '../deps.ts'
import { showTrust, trustsBody, trustView } from '../trusts/trust.schema.ts'
import { makePage, readLimit, readTextCursor } from '../values/page.ts'
import { readId, readOrganizationId } from '../values/query.ts'
import { closed, oneOf, pageOf, pageQuery, reasonBody, stamps, text } from '../values/schema.ts'
import { visibleOrganizations } from '../visible.ts'
import { moveMachine, updateMachine } from './change-machine.ts'
import { createMachine } from './create-machine.ts'
import { listMachines, requireMachine } from './machine.store.ts'
import { type Machine, type MachineTransition, machineAuthMethods, machineStates, parseMachineId } from './machine.ts'
import { issueMachineSecret, revokeMachineSecret } from './machine-secrets.ts'

const name = text(63, 'Unique in the organization; a DNS label')
const owner = text(100, 'The user who answers for it: active, of the same organization')
const members = {
  displayName: Type.Optional(text(400)),
  authMethod: Type.Optional(oneOf(machineAuthMethods)),
  keys: keysBody,
  scopes: Type.Optional(Type.Array(text(128), { maxItems: 100 })),
  accessTokenSeconds: Type.Optional(Type.Integer()),
  trusts: trustsBody,
}
const view = closed({
  id: Type.String({ description: 'Also its client_id' }),
  organizationId: Type.String(),
  name: Type.String(),
  displayName: Type.String(),
  owner: Type.String(),
  authMethod: oneOf(machineAuthMethods),
  ...credentialsView,
  scopes: Type.Array(Type.String()),
  accessTokenSeconds: Type.Integer(),
  trusts: Type.Array(trustView),
  state: oneOf(machineStates),
  ...stamps,
})
const params = closed({ machineId: Type.String() })

function show({ credentials, ...machine }: Machine, notes?: CredentialNotes): Static<typeof view> {
  const authMethod = credentials.authMethod as (typeof machineAuthMethods)[number]
  const { scopes, trusts } = machine
  return {
    ...machine,
    scopes: [...scopes],
    trusts: trusts.map(showTrust),
    authMethod,
    ...showCredentials(credentials, (id) => notes?.of(machine.id, id)),
  }
}

export function machineOperations(deps: DirectoryDeps): Operation[] {
  const { db } = deps.storage
  const transition = (verb: Exclude<MachineTransition, 'delete'>, summary: string) =>
    operation({
      id: `machines.${verb}`,
      method: 'POST',
      url: `/api/machines/:machineId/${verb}`,
      summary,
      access: { kind: 'action', action: `${verb}Machine` },
      schemas: { params, body: reasonBody, reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const options = { reason: body?.reason, ifRevision }
        const { value, at } = await moveMachine(deps, act, parseMachineId(params.machineId), verb, options)
        return new Answer(show(value), { revision: value.revision, at })
      },
    })
  return [
    operation({
      id: 'machines.create',
      method: 'POST',
      url: '/api/machines',
      summary: 'Create a machine (a service account); its id is its client_id',
      access: { kind: 'action', action: 'createMachine' },
      schemas: { body: closed({ organizationId: Type.String(), name, owner, ...members }), reply: view },
      handle: async ({ act, body: { organizationId, ...input } }) => {
        const organization = readId('org', '/organizationId', organizationId)
        const { value, at } = await createMachine(deps, act, organization, input)
        const location = `/api/machines/${value.id}`
        return new Answer(show(value), { status: 201, revision: value.revision, at, location })
      },
    }),
    operation({
      id: 'machines.list',
      method: 'GET',
      url: '/api/machines',
      summary: 'Machines that you may view, by organization and name; deleted ones only when asked for by state',
      access: { kind: 'action', action: 'viewMachine' },
      schemas: {
        query: closed({
          organizationId: Type.Optional(Type.String()),
          state: Type.Optional(oneOf(machineStates)),
          name: Type.Optional(text(63, 'Exactly this name')),
          prefix: Type.Optional(text(63, 'Names that begin so')),
          owner: Type.Optional(Type.String()),
          orphaned: Type.Optional(oneOf(['true', 'false'])),
          ...pageQuery,
        }),
        reply: pageOf(view),
      },
      handle: async ({ act, query }) => {
        const limit = readLimit(query.limit)
        const after = readTextCursor('machines', query.cursor, ['string', 'string', 'string'])
        const organization = readOrganizationId(query.organizationId)
        const filter = {
          organizationIds: await visibleOrganizations(deps, act, 'viewMachine', organization),
          state: query.state,
          name: query.name,
          prefix: query.prefix,
          owner: query.owner === undefined ? undefined : readId('user', '/query/owner', query.owner),
          orphaned: query.orphaned === undefined ? undefined : query.orphaned === 'true',
        }
        const rows = await listMachines(db, filter, { after, limit: limit + 1 })
        const notes = await CredentialNotes.read(
          db,
          rows.map(({ id }) => id),
        )
        const keyOf = (row: Machine) => [row.organizationId, row.name, row.id]
        return makePage('machines', limit, rows, keyOf, (row) => show(row, notes))
      },
    }),
    operation({
      id: 'machines.get',
      method: 'GET',
      url: '/api/machines/:machineId',
      summary: 'One machine',
      access: { kind: 'action', action: 'viewMachine' },
      schemas: { params, reply: view },
      handle: async ({ act, params }) => {
        const found = await requireMachine(db, parseMachineId(params.machineId))
        deps.gate.require(act, 'viewMachine', { type: 'Machine', id: found.id })
        const notes = await CredentialNotes.read(db, [found.id])
        return new Answer(show(found, notes), { revision: found.revision })
      },
    }),
    operation({
      id: 'machines.update',
      method: 'PATCH',
      url: '/api/machines/:machineId',
      summary: 'Change the members that are given; keys replaces all keys, trusts all trusts',
      access: { kind: 'action', action: 'updateMachine' },
      schemas: {
        params,
        body: closed({ name: Type.Optional(name), owner: Type.Optional(owner), ...members }),
        reply: view,
      },
      handle: async ({ act, params, body, ifRevision }) => {
        const { value, at } = await updateMachine(deps, act, parseMachineId(params.machineId), body, ifRevision)
        return new Answer(show(value), { revision: value.revision, at })
      },
    }),
    transition('activate', 'Let a machine work again; its owner must be active'),
    transition('suspend', 'Stop a machine for now: its tokens end'),
    transition('deactivate', 'Retire a machine: its tokens end'),
    operation({
      id: 'machines.delete',
      method: 'DELETE',
      url: '/api/machines/:machineId',
      summary: 'Delete a machine; a tombstone stays',
      access: { kind: 'action', action: 'deleteMachine' },
      schemas: { params },
      handle: async ({ act, params, ifRevision }) => {
        const { at } = await moveMachine(deps, act, parseMachineId(params.machineId), 'delete', { ifRevision })
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'machines.issueSecret',
      method: 'POST',
      url: '/api/machines/:machineId/secrets',
      summary: 'Issue a client secret; former ones end at once or after the overlap',
      access: { kind: 'action', action: 'updateMachine' },
      schemas: { params, body: issueBody, reply: issuedView },
      handle: async ({ act, params, body }) => {
        const id = parseMachineId(params.machineId)
        const { value, at } = await issueMachineSecret(deps, act, id, body ?? {})
        const reply = { clientId: id, secretId: value.secretId, secret: value.secret.reveal() }
        return new Answer(reply, { status: 201, at })
      },
    }),
    operation({
      id: 'machines.revokeSecret',
      method: 'DELETE',
      url: '/api/machines/:machineId/secrets/:secretId',
      summary: 'Revoke a client secret at once',
      access: { kind: 'action', action: 'updateMachine' },
      schemas: { params: closed({ machineId: Type.String(), secretId: Type.String() }) },
      handle: async ({ act, params }) => {
        const { at } = await revokeMachineSecret(deps, act, parseMachineId(params.machineId), params.secretId)
        return new Answer(undefined, { at })
      },
    }),
  ]
}
