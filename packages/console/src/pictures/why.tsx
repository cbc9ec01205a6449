import type { Explained, Uid } from '../api/types.ts'
import { pageOf } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { Drawing, type Edge, type Node } from './drawing.tsx'
import { keyOf, useNames } from './names.ts'

/** Why she may: from her through the groups she is in, by grant or policy, down to the resource. Each edge leads to what makes it. */
export function Why({ of: it }: { readonly of: Explained }) {
  const { t } = useWords()
  const seen = it.decided.flatMap(({ grant, paths }) => [
    ...paths.flat(),
    ...(grant ? [grant.principal, grant.resource] : []),
  ])
  const nameOf = useNames([it.principal, it.resource, ...seen])
  const nodes = new Map<string, Node>()
  const edges: Edge[] = []
  const put = (uid: Uid, column: number, strong = false) => {
    const id = keyOf(uid)
    const former = nodes.get(id)
    if (former === undefined || former.column < column)
      nodes.set(id, {
        id,
        column,
        kind: uid.type,
        name: nameOf(uid),
        to: pageOf(uid),
        strong: strong || (former?.strong ?? false),
      })
    return id
  }
  const same = (a: Uid | undefined, b: Uid) => a !== undefined && keyOf(a) === keyOf(b)
  const chain = (path: readonly Uid[], from: number, upward: boolean) => {
    path.forEach((uid, index) => {
      put(uid, from + index)
      const next = path[index + 1]
      if (next === undefined) return
      const [child, parent] = upward ? [uid, next] : [next, uid]
      edges.push({
        from: keyOf(uid),
        to: keyOf(next),
        says: t('{child} is in {parent}', { child: nameOf(child), parent: nameOf(parent) }),
        leads: pageOf(parent) && `${pageOf(parent)}${parent.type === 'Group' ? '?tab=members' : ''}`,
      })
    })
  }
  put(it.principal, 0, true)
  let deepest = 0
  for (const { grant, paths, policy } of it.decided) {
    const up = paths.find((path) => same(path[0], it.principal)) ?? [it.principal]
    chain(up, 0, true)
    const holder = grant?.principal ?? (up.at(-1) as Uid)
    const role = `policy ${policy}`
    nodes.set(role, {
      id: role,
      column: up.length,
      kind: grant === undefined ? t('Policy') : t('Role'),
      name: it.decided.find((part) => part.policy === policy)?.role ?? policy,
      ...(grant && {
        to: `/grants?role=${encodeURIComponent(it.decided.find((part) => part.policy === policy)?.role ?? '')}`,
      }),
    })
    edges.push({
      from: keyOf(up.at(-1) as Uid),
      to: role,
      says: t('{name} holds it', { name: nameOf(holder) }),
      leads: grant ? `/events?object=${grant.id}` : undefined,
    })
    const down = [...(paths.find((path) => same(path[0], it.resource)) ?? [it.resource])].reverse()
    chain(down, up.length + 1, false)
    edges.push({
      from: role,
      to: keyOf(down[0] as Uid),
      label: it.action.id,
      says: t('It permits {action} on {name}', { action: it.action.id, name: nameOf(down[0] as Uid) }),
      leads: grant ? `/events?object=${grant.id}` : undefined,
    })
    deepest = Math.max(deepest, up.length + down.length)
  }
  if (it.decided.length === 0) return null
  put(it.resource, deepest, true)
  return <Drawing nodes={[...nodes.values()]} edges={edges} label={t('Why it is allowed')} />
}
