import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { deployment, useMay } from '../api/rights.ts'
import { ActButton } from '../parts/act.tsx'
import { History } from '../parts/history.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, State, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { StaleKeys } from './stale-keys.tsx'

interface Key {
  readonly kid: string
  readonly algorithm: string
  readonly state: string
  readonly activatesAtMs: number
  readonly retiresAtMs?: number
}

/** Signing keys: what is published, what signs, what retires. */
export function KeysPage() {
  const { t } = useWords()
  const may = useMay('rotateKeys', deployment)
  const found = useQuery({ queryKey: ['keys'], queryFn: ({ signal }) => get<{ items: Key[] }>('/api/keys', signal) })
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Keys')}</h1>
        <div className="actions">
          {may && (
            <ActButton
              act={{
                label: t('Rotate signing keys'),
                method: 'POST',
                path: '/api/keys/rotate',
                body: { what: 'signing' },
                asks: t(
                  'The next key is published now and signs later; tokens that are out stay valid until they end. Nothing breaks.',
                ),
                done: t('The next signing key is published'),
                more: <Cli command="gatehouse key rotate --what signing" />,
              }}
            />
          )}
          {may && (
            <ActButton
              act={{
                label: t('Rotate data keys'),
                method: 'POST',
                path: '/api/keys/rotate',
                body: { what: 'data' },
                asks: t('What is sealed from now on is sealed by new keys; what is sealed already can still be read.'),
                done: t('New data keys are in use'),
                more: <Cli command="gatehouse key rotate --what data" />,
              }}
            />
          )}
        </div>
      </header>
      <ProblemNote error={found.error} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the page scrolls by keyboard too (WCAG 2.1.1) */}
      <section className="scrolls" tabIndex={0} aria-label={t('Keys')}>
        <table className="plain">
          <thead>
            <tr>
              <th scope="col">{t('Key id')}</th>
              <th scope="col">{t('Algorithm')}</th>
              <th scope="col">{t('State')}</th>
              <th scope="col">{t('Signs from')}</th>
              <th scope="col">{t('Retires')}</th>
            </tr>
          </thead>
          <tbody>
            {found.data?.items.map((key) => (
              <tr key={key.kid}>
                <td>
                  <code>{key.kid}</code>
                </td>
                <td>{key.algorithm}</td>
                <td>
                  <State of={key.state} />
                </td>
                <td>
                  <Time ms={key.activatesAtMs} />
                </td>
                <td>
                  <Time ms={key.retiresAtMs} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <Cli command="gatehouse key list" />
      <StaleKeys />
      <h2>{t('History')}</h2>
      <History query={{ type: 'keyring.*' }} empty={t('No event about this yet.')} />
    </>
  )
}
