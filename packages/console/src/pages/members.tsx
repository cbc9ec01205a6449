import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, pathWith, send } from '../api/client.ts'
import { useMay } from '../api/rights.ts'
import type { Page, Uid } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { Pick } from '../parts/pick.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, pageOf, quote } from '../parts/small.tsx'
import { Table } from '../parts/table.tsx'
import { useTell } from '../parts/toast.tsx'
import { useWords } from '../words/words.tsx'
import type { Item } from './noun.ts'

type Member = Uid & { readonly name: string }
const kinds = [
  ['User', 'users'],
  ['Group', 'groups'],
  ['Machine', 'machines'],
] as const

/** Who is in a group, and who may put them there. */
export function Members({ group }: { readonly group: Item }) {
  const { t } = useWords()
  const client = useQueryClient()
  const tell = useTell()
  const may = useMay('changeMembers', { type: 'Group', id: group.id })
  const [kind, setKind] = useState(0)
  const [chosen, setChosen] = useState('')
  const path = `/api/groups/${group.id}/members`
  const changing = useMutation({
    mutationFn: (body: { add?: string[]; remove?: string[] }) => send('POST', path, { body }),
    onSuccess: (_, { add, remove }) => {
      setChosen('')
      void client.invalidateQueries()
      const undo = remove ? { add: remove } : { remove: add ?? [] }
      tell(remove ? t('Taken out of the group') : t('Added to the group'), {
        label: t('Undo'),
        act: () => changing.mutate(undo),
      })
    },
  })
  const [type, list] = kinds[kind] as (typeof kinds)[number]
  return (
    <>
      {may && (
        <form
          className="filters"
          onSubmit={(event) => {
            event.preventDefault()
            if (chosen !== '') changing.mutate({ add: [chosen] })
          }}
        >
          <select aria-label={t('Kind')} value={kind} onChange={(event) => setKind(Number(event.target.value))}>
            {kinds.map(([one], index) => (
              <option key={one} value={index}>
                {t(one)}
              </option>
            ))}
          </select>
          <Pick
            label={t('Who to add')}
            placeholder={t('Who to add')}
            list={list}
            type={type}
            value={chosen}
            organizationId={String(group.organizationId)}
            onChange={setChosen}
          />
          <button type="submit" className="main" disabled={chosen === '' || changing.isPending}>
            {t('Add')}
          </button>
        </form>
      )}
      <ProblemNote error={changing.error} />
      <Table<Member>
        label={t('Members')}
        from={path}
        query={{}}
        keyOf={(member) => member.id}
        to={(member) => pageOf(member) ?? '/groups'}
        columns={[
          { name: t('Name'), show: (member) => <Link to={pageOf(member) ?? '/groups'}>{member.name}</Link> },
          { name: t('Kind'), show: (member) => t(member.type as 'User') },
          {
            name: t('Change'),
            show: (member) =>
              may && (
                <button type="button" className="quiet small" onClick={() => changing.mutate({ remove: [member.id] })}>
                  {t('Take out')}
                </button>
              ),
          },
        ]}
        empty={
          <p className="empty soft">{t('Nobody is in this group. What is granted to it is held by nobody yet.')}</p>
        }
      />
      <Cli
        command={`gatehouse group add ${quote(String(group.name))} user:NAME --organization ${quote(String(group.organizationId))}`}
      />
    </>
  )
}

/** The groups that somebody is directly in. */
export function MemberOf({ id }: { readonly id: string }) {
  const { t } = useWords()
  const found = useQuery({
    queryKey: ['list', 'groups-of', id],
    queryFn: ({ signal }) => get<Page<Item>>(pathWith('/api/groups', { member: id, limit: 200 }), signal),
    retry: false,
  })
  const items = found.data?.items ?? []
  return (
    <section className="card">
      <h2>{t('In these groups')}</h2>
      {items.length === 0 ? (
        <p className="soft">{t('In no group.')}</p>
      ) : (
        <ul className="chips">
          {items.map((group) => (
            <li key={group.id}>
              <Link to={`/groups/${group.id}`}>{String(group.name)}</Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
