import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get } from '../api/client.ts'
import { useMayEach } from '../api/rights.ts'
import { useMe } from '../app/me.tsx'
import { ActButton } from '../parts/act.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Entity, quote, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { NewApiKey } from './new-api-key.tsx'

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
  organizationId,
}: {
  readonly type: 'User' | 'Machine'
  readonly id: string
  readonly name: string
  readonly organizationId: string | undefined
}) {
  const { t } = useWords()
  const resource = { type, id }
  const [mayView, mayRevoke, mayIssue] = useMayEach([
    { action: 'viewApiKey', resource },
    { action: 'revokeApiKey', resource },
    { action: 'issueApiKey', resource },
  ])
  const [making, setMaking] = useState(false)
  const me = useMe()
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
            <b>{key.name}</b> <span className="soft">{key.scopes.join(', ') || t('all that its owner may')}</span>{' '}
            {key.applications.map((one) =>
              one === 'gatehouse' ? 'Gatehouse' : <Entity key={one} bare uid={{ type: 'Application', id: one }} />,
            )}
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
                more: <Cli command={`gatehouse api-key revoke ${key.id}`} />,
              }}
            />
          )}
        </p>
      ))}
      {/* Whoever could make a key of somebody else could become them. */}
      {mayIssue && (type === 'Machine' || id === me.id) && (
        <p>
          <button type="button" className="quiet" onClick={() => setMaking(true)}>
            {t('New API key')}
          </button>
        </p>
      )}
      <Cli command={`gatehouse api-key list --owner ${type.toLowerCase()}:${quote(name)}`} />
      {making && <NewApiKey {...{ type, id, name, organizationId }} onClose={() => setMaking(false)} />}
    </section>
  )
}
