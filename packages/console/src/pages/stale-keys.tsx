import { useQuery } from '@tanstack/react-query'
import { get, pathWith } from '../api/client.ts'
import type { Page } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Time } from '../parts/small.tsx'
import { visible } from '../parts/visible.ts'
import { useWords } from '../words/words.tsx'

interface Reported {
  readonly machineId: string
  readonly name: string
  readonly credentials: readonly {
    readonly kind: 'key' | 'secret'
    readonly id: string
    readonly expiresAtMs?: number
    readonly reasons: readonly string[]
  }[]
}

/** Secrets and keys of machines that want somebody's attention, and why. */
export function StaleKeys() {
  const { t } = useWords()
  const path = pathWith('/api/machine-keys', { stale: 'true', limit: 50 })
  const found = useQuery({ queryKey: [path], queryFn: ({ signal }) => get<Page<Reported>>(path, signal) })
  return (
    <section className="card">
      <h2>{t('Secrets and keys of machines that want attention')}</h2>
      <ProblemNote error={found.error} />
      {found.data?.items.length === 0 && <p className="soft">{t('None: each ends, is used, and has an owner.')}</p>}
      {found.data?.items.flatMap(({ machineId, name, credentials }) =>
        credentials.map(({ kind, id, reasons, expiresAtMs }) => (
          <p key={`${machineId} ${id}`} className="line">
            <span>
              <Link to={`/machines/${machineId}?tab=secrets`}>{visible(name)}</Link> {t(kind)} <code>{id}</code>
              <br />
              <span className="soft">{reasons.map((reason) => t(reason as never)).join(', ')}</span>
            </span>
            <span>
              {t('ends')} <Time ms={expiresAtMs} />
            </span>
          </p>
        )),
      )}
      <Cli command="gatehouse machine key list --stale" />
    </section>
  )
}
