import type { Selectable } from 'kysely'
import type { ActiveBundle } from '#authorization'
import type { Act, ApplicationId, OrganizationId } from '#kernel'
import type { Migration, Reader, Tx } from '#storage'
import type { CheckedBundle } from './check-bundle.ts'
import type { Manifest } from './manifest.ts'

/** A bundle as it was checked once. INVARIANT: never updated: its hash is its content. */
interface BundleTable {
  organization_id: string
  application_id: string
  hash: string
  files: string
  policies: string
  schema_json: string
  action_entities: string
  manifest: string
  templates: string
  created_at: number
}

/** Which bundle was put in force when: the one of the highest number is in force. */
interface ActivationTable {
  organization_id: string
  application_id: string
  number: number
  hash: string
  kind: string
  comment: string | null
  actor_type: string
  actor_id: string | null
  actor_name: string
  activated_at: number
}

declare module '#storage' {
  interface Tables {
    bundles: BundleTable
    bundle_activations: ActivationTable
  }
}

export const bundleMigrations: readonly Migration[] = [
  {
    id: '0500_policies_bundles',
    sql: `create table bundles (organization_id text not null, application_id text not null, hash text not null,
  files text not null, policies text not null, schema_json text not null, action_entities text not null,
  manifest text not null, templates text not null, created_at int8 not null,
  primary key (organization_id, application_id, hash));
create table bundle_activations (organization_id text not null, application_id text not null, number int8 not null,
  hash text not null, kind text not null, comment text, actor_type text not null, actor_id text, actor_name text not null,
  activated_at int8 not null, primary key (organization_id, application_id, number));
create index bundle_activations_by_application on bundle_activations (application_id, number);`,
  },
  {
    id: '0501_policies_activations_by_time',
    sql: 'create index bundle_activations_by_time on bundle_activations (activated_at);',
  },
]

/** Activations that are kept of an application; the bundles of older ones go with them. */
export const activationsKept = 200

/** Whose bundle it is. */
export interface BundleOwner {
  readonly id: ApplicationId
  readonly organizationId: OrganizationId
}

export interface Activation {
  readonly number: number
  readonly hash: string
  readonly kind: 'apply' | 'rollback'
  readonly comment: string | undefined
  readonly by: { readonly type: string; readonly id?: string; readonly name: string }
  readonly activatedAtMs: number
}

/** A bundle as it is kept. */
export type StoredBundle = Omit<CheckedBundle, 'files'> & { readonly files: Readonly<Record<string, string>> }

/** Keeps a bundle; the same one kept again is no change. */
export async function insertBundle(tx: Tx, owner: BundleOwner, bundle: CheckedBundle, nowMs: number): Promise<void> {
  await tx
    .insertInto('bundles')
    .values({
      organization_id: owner.organizationId,
      application_id: owner.id,
      hash: bundle.hash,
      files: JSON.stringify(Object.fromEntries(bundle.files)),
      policies: bundle.policies,
      schema_json: bundle.schema,
      action_entities: bundle.actionEntities,
      manifest: JSON.stringify(bundle.manifest),
      templates: JSON.stringify(bundle.templates),
      created_at: nowMs,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export async function findBundle(db: Reader, owner: BundleOwner, hash: string): Promise<StoredBundle | undefined> {
  const row = await db
    .selectFrom('bundles')
    .selectAll()
    .where('organization_id', '=', owner.organizationId)
    .where('application_id', '=', owner.id)
    .where('hash', '=', hash)
    .executeTakeFirst()
  return (
    row && {
      hash: row.hash,
      files: JSON.parse(row.files) as Record<string, string>,
      policies: row.policies,
      schema: row.schema_json,
      actionEntities: row.action_entities,
      manifest: JSON.parse(row.manifest) as Manifest,
      templates: JSON.parse(row.templates) as string[],
    }
  )
}

/** What is in force: the newest activation, or undefined when there was never one. */
export async function findActivation(db: Reader, owner: BundleOwner): Promise<Activation | undefined> {
  return (await listActivations(db, owner, Number.MAX_SAFE_INTEGER, 1))[0]
}

/** Activations before `number`, the newest first, at most `limit`. */
export async function listActivations(
  db: Reader,
  owner: BundleOwner,
  before: number,
  limit: number,
): Promise<Activation[]> {
  const rows = await db
    .selectFrom('bundle_activations')
    .selectAll()
    .where('organization_id', '=', owner.organizationId)
    .where('application_id', '=', owner.id)
    .where('number', '<', before)
    .orderBy('number', 'desc')
    .limit(limit)
    .execute()
  return rows.map(toActivation)
}

/** What was put in force anywhere at or after a moment, the newest first, at most `limit`. */
export async function listActivationsSince(
  db: Reader,
  sinceMs: number,
  limit: number,
): Promise<(Activation & { readonly applicationId: string; readonly organizationId: OrganizationId })[]> {
  const rows = await db
    .selectFrom('bundle_activations')
    .selectAll()
    .where('activated_at', '>=', sinceMs)
    .orderBy('activated_at', 'desc')
    .orderBy('number', 'desc')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    ...toActivation(row),
    applicationId: row.application_id,
    organizationId: row.organization_id as OrganizationId,
  }))
}

/**
 * Puts a bundle in force by the next number.
 * @returns false when another took the number first
 */
export async function insertActivation(
  tx: Tx,
  owner: BundleOwner,
  activation: Omit<Activation, 'by'>,
  actor: Act['actor'],
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('bundle_activations')
    .values({
      organization_id: owner.organizationId,
      application_id: owner.id,
      number: activation.number,
      hash: activation.hash,
      kind: activation.kind,
      comment: activation.comment ?? null,
      actor_type: actor.type,
      actor_id: 'id' in actor ? actor.id : null,
      actor_name: actor.name,
      activated_at: activation.activatedAtMs,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

/** Lets activations older than the newest `activationsKept` go, and bundles that no activation names any more. */
export async function forgetOldActivations(tx: Tx, owner: BundleOwner, newest: number): Promise<void> {
  if (newest <= activationsKept) return
  await tx
    .deleteFrom('bundle_activations')
    .where('organization_id', '=', owner.organizationId)
    .where('application_id', '=', owner.id)
    .where('number', '<=', newest - activationsKept)
    .execute()
  await tx
    .deleteFrom('bundles')
    .where('organization_id', '=', owner.organizationId)
    .where('application_id', '=', owner.id)
    .where('hash', 'not in', (select) =>
      select
        .selectFrom('bundle_activations')
        .select('hash')
        .where('organization_id', '=', owner.organizationId)
        .where('application_id', '=', owner.id),
    )
    .execute()
}

/** Every bundle in force, streamed by application. */
export async function* loadAllActive(db: Reader): AsyncGenerator<ActiveBundle> {
  for (let after = ''; ; ) {
    const rows = await newest(db).where('application_id', '>', after).orderBy('application_id').limit(100).execute()
    for (const { application_id } of rows) {
      const bundle = await loadActive(db, application_id as ApplicationId)
      if (bundle !== undefined) yield bundle
    }
    const last = rows.at(-1)
    if (last === undefined) return
    after = last.application_id
  }
}

const newest = (db: Reader) =>
  db
    .selectFrom('bundle_activations')
    .select(['application_id', (select) => select.fn.max('number').as('number')])
    .groupBy('application_id')

/** The bundle in force of one application. */
export async function loadActive(db: Reader, applicationId: ApplicationId): Promise<ActiveBundle | undefined> {
  const row = await db
    .selectFrom('bundle_activations')
    .innerJoin('bundles', (join) =>
      join
        .onRef('bundles.organization_id', '=', 'bundle_activations.organization_id')
        .onRef('bundles.application_id', '=', 'bundle_activations.application_id')
        .onRef('bundles.hash', '=', 'bundle_activations.hash'),
    )
    .selectAll('bundles')
    .where('bundle_activations.application_id', '=', applicationId)
    .orderBy('bundle_activations.number', 'desc')
    .limit(1)
    .executeTakeFirst()
  return (
    row && {
      applicationId,
      organizationId: row.organization_id as OrganizationId,
      hash: row.hash,
      policies: row.policies,
      schema: row.schema_json,
      actionEntities: row.action_entities,
      manifest: JSON.parse(row.manifest) as ActiveBundle['manifest'],
    }
  )
}

function toActivation(row: Selectable<ActivationTable>): Activation {
  return {
    number: row.number,
    hash: row.hash,
    kind: row.kind as Activation['kind'],
    comment: row.comment ?? undefined,
    by: { type: row.actor_type, name: row.actor_name, ...(row.actor_id !== null && { id: row.actor_id }) },
    activatedAtMs: row.activated_at,
  }
}
