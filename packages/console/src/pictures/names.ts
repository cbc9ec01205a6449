import { useQueries } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import type { Uid } from '../api/types.ts'

const lists: Record<string, string> = {
  User: 'users',
  Group: 'groups',
  Machine: 'machines',
  Application: 'applications',
  Organization: 'organizations',
}
export const keyOf = ({ type, id }: Uid) => `${type} ${id}`

/** Names of entities, by `keyOf`; ids where a name is not known. */
export function useNames(uids: readonly Uid[]): (uid: Uid) => string {
  const asked = [...new Map(uids.map((uid) => [keyOf(uid), uid])).values()].filter(
    ({ type }) => lists[type] !== undefined,
  )
  const found = useQueries({
    queries: asked.map(({ type, id }) => ({
      queryKey: ['name', type, id],
      queryFn: () => get<{ name?: string; username?: string }>(`/api/${lists[type]}/${encodeURIComponent(id)}`),
      staleTime: 60_000,
      retry: false,
    })),
  })
  const names = new Map(
    asked.map((uid, index) => [keyOf(uid), found[index]?.data?.username ?? found[index]?.data?.name]),
  )
  return (uid) => names.get(keyOf(uid)) ?? uid.id
}
