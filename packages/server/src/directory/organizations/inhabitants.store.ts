import { record } from '#feed'
import type { Act } from '#kernel'
import type { Tx } from '#storage'
import '../events.ts'
import type { Organization } from './organization.ts'

const chunk = 500

/**
 * Makes followers read again every user, machine and application of an organization that was suspended or activated: whether
 * they are active hangs on it.
 */
export async function touchInhabitants(tx: Tx, act: Act, organization: Organization, atMs: number): Promise<void> {
  for (const [type, table] of [
    ['User', 'users'],
    ['Machine', 'machines'],
    ['Application', 'applications'],
  ] as const) {
    for (let after = ''; ; ) {
      const rows = await tx
        .selectFrom(table)
        .select('id')
        .where('organization_id', '=', organization.id)
        .where('state', '=', 'active')
        .where('id', '>', after)
        .orderBy('id')
        .limit(chunk)
        .execute()
      const last = rows.at(-1)
      if (last === undefined) break
      await record(tx, act, {
        type: 'directory.organization_reached',
        atMs,
        organizationId: organization.id,
        object: { type: 'Organization', id: organization.id, name: organization.name },
        revision: organization.revision,
        data: { state: organization.state, type, count: rows.length },
        touches: rows.map(({ id }) => ({ type, id })),
      })
      after = last.id
    }
  }
}
