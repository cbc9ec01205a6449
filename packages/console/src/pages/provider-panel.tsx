import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, newKey, send } from '../api/client.ts'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Facts, Field, quote, State } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { ProviderFacts, type ProviderState } from './federation.tsx'
import type { Item } from './noun.ts'

interface Checked {
  readonly reachable: boolean
  readonly problem?: string
  readonly redirectUri: string
  readonly jwksUri: string
  readonly backchannelLogoutUri: string
}

/** How an identity provider does, what is to be registered there, and the secret that Gatehouse has there. */
export default function ProviderPanel({ item, mayManage }: { readonly item: Item; readonly mayManage: boolean }) {
  const { t } = useWords()
  const client = useQueryClient()
  const path = `/api/providers/${encodeURIComponent(item.id)}`
  const health = useQuery({
    queryKey: ['provider health', item.id],
    queryFn: ({ signal }) => get<ProviderState>(`${path}/health`, signal),
    refetchInterval: 15_000,
    retry: false,
  })
  const checking = useMutation({
    mutationFn: () => send<Checked>('POST', `${path}/check`),
    onSettled: () => client.invalidateQueries({ queryKey: ['provider health', item.id] }),
  })
  const [secret, setSecret] = useState('')
  const setting = useMutation({
    mutationFn: () => send('PUT', `${path}/secret`, { body: { secret }, once: newKey() }),
    onSuccess: () => setSecret(''),
  })
  const checked = checking.data?.body
  return (
    <>
      <Facts
        of={[
          [t('Issuer'), <code key="i">{String(item.issuer)}</code>],
          [t('Client id'), <code key="c">{String(item.clientId)}</code>],
        ]}
      />
      <section className="card">
        <h2>
          {t('Health')} {health.data !== undefined && <State of={health.data.state} />}
        </h2>
        <ProblemNote error={health.error} />
        {health.data !== undefined && <ProviderFacts it={health.data} />}
        {mayManage && (
          <p className="actions">
            <button type="button" className="quiet" disabled={checking.isPending} onClick={() => checking.mutate()}>
              {t('Ask it now')}
            </button>
          </p>
        )}
        <ProblemNote error={checking.error} />
        {checked !== undefined && (
          <div role="status">
            <p className={checked.reachable ? 'good' : 'wrong'}>
              {checked.reachable ? t('It answers as it should. Register this there:') : checked.problem}
            </p>
            <Facts
              of={[
                [
                  t('Redirect address'),
                  <code key="r" className="wrap">
                    {checked.redirectUri}
                  </code>,
                ],
                [
                  t('Our keys'),
                  <code key="k" className="wrap">
                    {checked.jwksUri}
                  </code>,
                ],
                [
                  t('Back-channel logout'),
                  <code key="l" className="wrap">
                    {checked.backchannelLogoutUri}
                  </code>,
                ],
              ]}
            />
          </div>
        )}
        <Cli command={`gatehouse provider check ${quote(String(item.name))}`} />
      </section>
      {mayManage && item.authMethod !== 'private_key_jwt' && (
        <form
          className="card"
          onSubmit={(event) => {
            event.preventDefault()
            setting.mutate()
          }}
        >
          <Field label={t('Client secret')} hint={t('As the provider gave it. It is sealed, and never shown again.')}>
            {(ids) => (
              <input
                {...ids}
                type="password"
                autoComplete="off"
                value={secret}
                onChange={(event) => setSecret(event.target.value)}
              />
            )}
          </Field>
          <ProblemNote error={setting.error} />
          <p className="actions">
            <button type="submit" className="main" disabled={secret === '' || setting.isPending}>
              {t('Set the secret')}
            </button>
            {setting.isSuccess && <span role="status">{t('The secret is set')}</span>}
          </p>
        </form>
      )}
    </>
  )
}
