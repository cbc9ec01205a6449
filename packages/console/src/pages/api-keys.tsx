import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { useMayEach } from '../api/rights.ts'
import { ActButton } from '../parts/act.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'

interface ApiKey {
  readonly id: string
  readonly name: string
  readonly applications: readonly string[]
  readonly scopes: readonly string[]
  readonly expiresAtMs: number
  readonly usedAtMs?: number
}

/** API keys of a person or machine that are in force: what they are for, never what they are. */
export function ApiKeys({
  type,
  id,
  name,
}: {
  readonly type: 'User' | 'Machine'
  readonly id: string
  readonly name: string
}) {
  const { t } = useWords()
  const resource = { type, id }
  const [mayView, mayRevoke] = useMayEach([
    { action: 'viewApiKey', resource },
    { action: 'revokeApiKey', resource },
  ])
  const keys = useQuery({
    queryKey: ['api-keys', id],
    queryFn: ({ signal }) => get<{ items: ApiKey[] }>(`/api/api-keys?owner=${id}&live=true&limit=200`, signal),
    enabled: mayView === true,
  })
  if (mayView !== true) return null
  const items = keys.data?.items ?? []
  return (
    <section className="card">
      <h2>{t('API keys')}</h2>
      <ProblemNote error={keys.error} />
      {items.length === 0 && <p className="soft">{t('None in force.')}</p>}
      {items.map((key) => (
        <p key={key.id} className="line">
          <span>
            <b>{key.name}</b> <span className="soft">{key.scopes.join(', ')}</span>
            <br />
            {t('ends')} <Time ms={key.expiresAtMs} /> · {t('last used')} <Time ms={key.usedAtMs} />
          </span>
          {mayRevoke && (
            <ActButton
              act={{
                label: t('Revoke'),
                method: 'DELETE',
                path: `/api/api-keys/${key.id}`,
                danger: true,
                asks: t('Whoever uses this key is refused at once. It cannot be undone; make another one instead.'),
                done: t('Revoked'),
              }}
            />
          )}
        </p>
      ))}
      <Cli
        command={`gatehouse api-key create nightly${type === 'User' ? '' : ` --owner machine:${name}`} --app docs`}
      />
    </section>
  )
}
