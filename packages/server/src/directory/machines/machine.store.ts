import type { Selectable } from 'kysely'
import { Fault, type MachineId, type OrganizationId, type UserId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import { dropNotes } from '../credentials/credential-notes.store.ts'
import { credentialIds } from '../credentials/credentials.ts'
import { findNamed, releaseNames, setNames } from '../names.store.ts'
import { onPage, type PlacePage, pageOverOrganizations } from '../values/organization-pages.ts'
import type { Machine, MachineState } from './machine.ts'
import '../faults.ts'

interface MachineTable {
  organization_id: string
  id: string
  name: string
  display_name: string
  owner_id: string
  /** What is only ever read and written together. */
  settings: string
  credentials: string
  state: string
  created_at: number
  updated_at: number
  revision: number
}

declare module '#storage' {
  interface Tables {
    machines: MachineTable
    machine_trusts: { issuer: string; machine_id: string }
  }
}

export const machineMigrations: readonly Migration[] = [
  {
    id: '0405_directory_machines',
    sql: `create table machines (organization_id text not null references organizations (id), id text not null,
  name text not null, display_name text not null, owner_id text not null, settings text not null,
  credentials text not null, state text not null, created_at int8 not null, updated_at int8 not null,
  revision int8 not null, primary key (organization_id, id));
create unique index machines_by_id on machines (id);
create index machines_by_name on machines (organization_id, name);
create index machines_by_owner on machines (owner_id);`,
  },
  {
    id: '0407_directory_trusts',
    sql: `create table machine_trusts (issuer text not null, machine_id text not null, primary key (issuer, machine_id));
create index machine_trusts_by_machine on machine_trusts (machine_id);`,
  },
]

/** Tombstones too. The id is the `client_id`. */
export async function findMachine(db: Reader, id: MachineId): Promise<Machine | undefined> {
  const row = await db.selectFrom('machines').selectAll().where('id', '=', id).executeTakeFirst()
  return row && toMachine(row)
}

/** Deleted ones are unknown. @throws {Fault} `directory.machine_unknown` */
export async function requireMachine(db: Reader, id: MachineId): Promise<Machine> {
  const found = await findMachine(db, id)
  if (found === undefined || found.state === 'deleted') throw new Fault('directory.machine_unknown')
  return found
}

export async function findMachineByName(
  db: Reader,
  organizationId: OrganizationId,
  name: string,
): Promise<Machine | undefined> {
  const id = await findNamed(db, organizationId, 'machine', name)
  return id === undefined ? undefined : findMachine(db, id as MachineId)
}

export interface MachineFilter {
  /** Only of these; undefined for all. */
  readonly organizationIds?: readonly OrganizationId[] | undefined
  readonly state?: MachineState | undefined
  readonly name?: string | undefined
  /** Names that begin so. */
  readonly prefix?: string | undefined
  readonly owner?: UserId | undefined
  /** Whether its owner has left (deactivated or deleted). */
  readonly orphaned?: boolean | undefined
}

/** In the order of (organization, name); tombstones only when asked for by state. */
export function listMachines(db: Reader, filter: MachineFilter, page: PlacePage): Promise<Machine[]> {
  return pageOverOrganizations(filter.organizationIds, page, async (part) => {
    let query = db.selectFrom('machines').selectAll().orderBy('organization_id').orderBy('name').orderBy('id')
    query = query.where(onPage(part, { name: filter.name, prefix: filter.prefix?.toLowerCase() }))
    query = filter.state === undefined ? query.where('state', '!=', 'deleted') : query.where('state', '=', filter.state)
    if (filter.owner !== undefined) query = query.where('owner_id', '=', filter.owner)
    if (filter.orphaned !== undefined) {
      const { orphaned } = filter
      query = query.where(({ exists, not, selectFrom }) => {
        const present = exists(
          selectFrom('users')
            .select('users.id')
            .whereRef('users.id', '=', 'machines.owner_id')
            .where('users.state', 'not in', ['deactivated', 'deleted']),
        )
        return orphaned ? not(present) : present
      })
    }
    return (await query.limit(part.limit).execute()).map(toMachine)
  })
}

/** @throws {Fault} `directory.name_taken` */
export async function insertMachine(tx: Tx, machine: Machine): Promise<void> {
  await claimName(tx, machine)
  await tx.insertInto('machines').values(toRow(machine)).execute()
  if (machine.trusts.length > 0) await indexTrusts(tx, machine)
}

/** @throws {Fault} `directory.name_taken` */
export async function updateMachineRow(tx: Tx, machine: Machine): Promise<void> {
  if (machine.state === 'deleted') await releaseNames(tx, machine.id)
  else await claimName(tx, machine)
  const { organization_id, id, ...rest } = toRow(machine)
  await tx
    .updateTable('machines')
    .set(rest)
    .where('organization_id', '=', organization_id)
    .where('id', '=', id)
    .execute()
  await dropNotes(tx, id, credentialIds(machine))
  await indexTrusts(tx, machine)
}

/** The machines that some workload of this issuer may be. */
export async function machinesTrusting(db: Reader, issuer: string): Promise<Machine[]> {
  const rows = await db
    .selectFrom('machines')
    .innerJoin('machine_trusts', 'machine_trusts.machine_id', 'machines.id')
    .selectAll('machines')
    .where('machine_trusts.issuer', '=', issuer)
    .orderBy('machines.id')
    .limit(1_000)
    .execute()
  return rows.map(toMachine)
}

/** The active machines that some outside workload may be, at most 1,000. */
export async function federatedMachines(db: Reader): Promise<Machine[]> {
  const rows = await db
    .selectFrom('machines')
    .selectAll()
    .where('id', 'in', (of) => of.selectFrom('machine_trusts').select('machine_id').distinct())
    .where('state', '=', 'active')
    .orderBy('id')
    .limit(1_000)
    .execute()
  return rows.map(toMachine)
}

async function indexTrusts(tx: Tx, { id, trusts, state }: Machine): Promise<void> {
  await tx.deleteFrom('machine_trusts').where('machine_id', '=', id).execute()
  const issuers = state === 'deleted' ? [] : [...new Set(trusts.map(({ issuer }) => issuer))]
  if (issuers.length > 0)
    await tx
      .insertInto('machine_trusts')
      .values(issuers.map((issuer) => ({ issuer, machine_id: id })))
      .execute()
}

async function claimName(tx: Tx, { id, organizationId, name }: Machine): Promise<void> {
  const taken = `There is a machine named ${name} in the organization`
  await setNames(tx, organizationId, id, [{ kind: 'machine', name, pointer: '/name', taken }])
}

function toRow(machine: Machine): MachineTable {
  return {
    organization_id: machine.organizationId,
    id: machine.id,
    name: machine.name,
    display_name: machine.displayName,
    owner_id: machine.owner,
    settings: JSON.stringify({
      scopes: machine.scopes,
      accessTokenSeconds: machine.accessTokenSeconds,
      trusts: machine.trusts,
    }),
    credentials: JSON.stringify(machine.credentials),
    state: machine.state,
    created_at: machine.createdAtMs,
    updated_at: machine.updatedAtMs,
    revision: machine.revision,
  }
}

export function toMachine(row: Selectable<MachineTable>): Machine {
  return {
    trusts: [],
    ...JSON.parse(row.settings),
    id: row.id,
    organizationId: row.organization_id,
    name: row.name,
    displayName: row.display_name,
    owner: row.owner_id,
    credentials: JSON.parse(row.credentials),
    state: row.state,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
    revision: row.revision,
  } as Machine
}
