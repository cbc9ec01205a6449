import { useQueries, useQuery } from '@tanstack/react-query'
import { get, pathWith } from '../api/client.ts'
import type { Grant, Page, Uid } from '../api/types.ts'
import { pageOf } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { Drawing, type Edge, type Node } from './drawing.tsx'
import { keyOf, useNames } from './names.ts'

interface Named {
  readonly id: string
  readonly name: string
}
const most = 24

/** What a person, group or machine reaches (through its groups), and who reaches a resource: roles in the middle. */
export default function Access({ uid }: { readonly uid: Uid }) {
  const { t } = useWords()
  const isPrincipal = ['User', 'Group', 'Machine'].includes(uid.type)
  const groups = useQuery({
    queryKey: ['list', 'groups-of', uid.id],
    queryFn: ({ signal }) => get<Page<Named>>(pathWith('/api/groups', { member: uid.id, limit: 200 }), signal),
    enabled: isPrincipal,
    retry: false,
  })
  const holders: Uid[] = isPrincipal
    ? [uid, ...(groups.data?.items ?? []).map(({ id }) => ({ type: 'Group', id }))]
    : []
  const held = useQueries({
    queries: holders.map((holder) => ({
      queryKey: ['list', 'grants-of', holder.id],
      queryFn: () =>
        get<Page<Grant>>(pathWith('/api/grants', { principalType: holder.type, principalId: holder.id, limit: 100 })),
    })),
  })
  const on = useQuery({
    queryKey: ['list', 'grants-on', uid.id],
    queryFn: ({ signal }) =>
      get<Page<Grant>>(pathWith('/api/grants', { resourceType: uid.type, resourceId: uid.id, limit: 100 }), signal),
    enabled: !isPrincipal,
  })
  const inForce = (isPrincipal ? held.flatMap(({ data }) => data?.items ?? []) : (on.data?.items ?? [])).filter(
    ({ state }) => state === 'in_force',
  )
  const shown = inForce.slice(0, most)
  const nameOf = useNames([uid, ...holders, ...shown.flatMap(({ principal, resource }) => [principal, resource])])
  if (shown.length === 0) return null
  const nodes = new Map<string, Node>()
  const edges: Edge[] = []
  const put = (one: Uid, column: number) =>
    void nodes.set(keyOf(one), {
      id: keyOf(one),
      column,
      kind: one.type.replace('Gatehouse::', ''),
      name: nameOf(one),
      to: pageOf(one),
      strong: keyOf(one) === keyOf(uid),
    })
  if (isPrincipal) put(uid, 0)
  for (const group of holders.slice(1)) {
    if (!shown.some(({ principal }) => keyOf(principal) === keyOf(group))) continue
    put(group, 1)
    edges.push({
      from: keyOf(uid),
      to: keyOf(group),
      says: t('{child} is in {parent}', { child: nameOf(uid), parent: nameOf(group) }),
      leads: `/groups/${group.id}?tab=members`,
    })
  }
  const column = isPrincipal ? 2 : 1
  for (const grant of shown) {
    if (!nodes.has(keyOf(grant.principal))) put(grant.principal, 0)
    const role = `role ${grant.id}`
    nodes.set(role, { id: role, column, kind: t('Role'), name: grant.role, to: `/events?object=${grant.id}` })
    if (!nodes.has(keyOf(grant.resource))) put(grant.resource, column + 1)
    edges.push({
      from: keyOf(grant.principal),
      to: role,
      says: grant.why || grant.role,
      leads: `/events?object=${grant.id}`,
    })
    edges.push({
      from: role,
      to: keyOf(grant.resource),
      says: t('{role} on {name}', { role: grant.role, name: nameOf(grant.resource) }),
      leads: pageOf(grant.resource) ?? `/events?object=${grant.id}`,
    })
  }
  return (
    <>
      <h2>{isPrincipal ? t('What it reaches') : t('Who reaches it')}</h2>
      <Drawing
        nodes={[...nodes.values()]}
        edges={edges}
        label={isPrincipal ? t('What it reaches') : t('Who reaches it')}
      />
      {inForce.length > most && (
        <p className="soft">{t('{count} more are in the list below', { count: inForce.length - most })}</p>
      )}
    </>
  )
}
