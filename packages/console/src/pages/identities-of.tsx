import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { useMay } from '../api/rights.ts'
import { Link } from '../app/router.tsx'
import { ActButton } from '../parts/act.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'

interface Identity {
  readonly id: string
  readonly provider: { readonly id: string; readonly displayName: string }
  readonly subject: string
  readonly email?: string
  readonly linkedAtMs: number
  readonly usedAtMs?: number
}

/** By which identities elsewhere somebody signs in here. */
export function IdentitiesOf({ userId }: { readonly userId: string }) {
  const { t } = useWords()
  const path = `/api/users/${encodeURIComponent(userId)}/identities`
  const may = useMay('resetFactors', { type: 'User', id: userId })
  const found = useQuery({
    queryKey: ['identities', userId],
    queryFn: ({ signal }) => get<{ items: Identity[] }>(path, signal),
  })
  const items = found.data?.items ?? []
  return (
    <section className="card">
      <h2>{t('Linked identities')}</h2>
      <ProblemNote error={found.error} />
      {found.data !== undefined && items.length === 0 && (
        <p className="soft">{t('None. They link one themselves, on their account page.')}</p>
      )}
      {items.map((it) => (
        <p key={it.id} className="line">
          <Link to={`/providers/${it.provider.id}`}>{it.provider.displayName}</Link> <bdi>{it.email ?? it.subject}</bdi>{' '}
          · {t('linked')} <Time ms={it.linkedAtMs} />
          {it.usedAtMs !== undefined && (
            <>
              {' '}
              · {t('last used')} <Time ms={it.usedAtMs} />
            </>
          )}
          {may && (
            <ActButton
              act={{
                label: t('Unlink'),
                method: 'DELETE',
                path: `${path}/${it.id}`,
                danger: true,
                asks: t('It signs them in no more, and sessions that came by it end. They can link it again.'),
                done: t('Unlinked'),
              }}
            />
          )}
        </p>
      ))}
    </section>
  )
}
