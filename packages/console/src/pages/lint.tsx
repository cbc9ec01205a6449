import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, quote } from '../parts/small.tsx'
import { visible } from '../parts/visible.ts'
import { useWords } from '../words/words.tsx'

interface Finding {
  readonly rule: string
  readonly pointer: string
  readonly says: string
  readonly fix: string
}

/** What of an application is allowed and unwise, each with its fix. */
export function Lint({ id }: { readonly id: string }) {
  const { t } = useWords()
  const path = `/api/applications/${encodeURIComponent(id)}/lint`
  const found = useQuery({
    queryKey: ['lint', id],
    queryFn: ({ signal }) => get<{ findings: Finding[] }>(path, signal),
  })
  return (
    <section className="card">
      <h2>{t('Allowed and unwise')}</h2>
      <ProblemNote error={found.error} />
      {found.data?.findings.length === 0 && <p className="soft">{t('Nothing found.')}</p>}
      {found.data?.findings.map(({ rule, pointer, says, fix }) => (
        <p key={`${rule} ${pointer}`}>
          <b>{visible(says)}</b>
          <br />
          {visible(fix)} <span className="soft">{rule}</span>
        </p>
      ))}
      <Cli command={`gatehouse app lint ${quote(id)}`} />
    </section>
  )
}
