import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { Link } from '../app/router.tsx'
import { History } from '../parts/history.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Empty, Facts, State, Time } from '../parts/small.tsx'
import { FederationPicture } from '../pictures/federation.tsx'
import { type Sentence, useWords } from '../words/words.tsx'

export interface Issuer {
  readonly issuer: string
  readonly jwksUri?: string
  readonly keysFrom: 'discovery' | 'address' | 'trust'
  readonly machines: readonly { readonly id: string; readonly name: string }[]
  readonly machineCount: number
  readonly state: 'ok' | 'failing' | 'unused'
  readonly keys?: number
  readonly fetchedAtMs?: number
  readonly usableUntilMs?: number
  readonly failedAtMs?: number
  readonly failure?: string
  readonly admitted: number
  readonly refused: number
  readonly lastAdmittedAtMs?: number
  readonly lastRefusedAtMs?: number
  readonly lastRefusal?: string
}

export interface ProviderState {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly organizationId: string
  readonly organization: string
  readonly issuer: string
  readonly state: 'ok' | 'failing' | 'unused' | 'suspended'
  readonly keys?: number
  readonly fetchedAtMs?: number
  readonly usableUntilMs?: number
  readonly failedAtMs?: number
  readonly failure?: string
  readonly succeeded: number
  readonly failed: Readonly<Record<string, number>>
  readonly lastSuccessAtMs?: number
  readonly lastFailureAtMs?: number
  readonly lastFailure?: string
  readonly latencyP50Ms?: number
  readonly latencyP95Ms?: number
}

/** How an identity provider does. */
export function ProviderFacts({ it }: { readonly it: ProviderState }) {
  const { t, number } = useWords()
  const failed = Object.entries(it.failed).filter(([, count]) => count > 0)
  return (
    <>
      {it.failure !== undefined && (
        <p className="wrong">
          <Time ms={it.failedAtMs} /> {it.failure}
        </p>
      )}
      {it.lastFailure !== undefined && (
        <p className="soft">
          <Time ms={it.lastFailureAtMs} /> {it.lastFailure}
        </p>
      )}
      <Facts
        of={[
          [t('Signed in or linked'), number(it.succeeded)],
          [t('Last success'), <Time key="success" ms={it.lastSuccessAtMs} />],
          [
            t('Failures'),
            failed.length === 0
              ? number(0)
              : failed.map(([why, count]) => `${t(why as never)}: ${number(count)}`).join(', '),
          ],
          [
            t('Latency'),
            it.latencyP50Ms === undefined
              ? ''
              : t('{half} ms for half, {most} ms for 95 %', { half: it.latencyP50Ms, most: it.latencyP95Ms ?? 0 }),
          ],
          [t('Keys'), it.keys === undefined ? '' : number(it.keys)],
          [t('Fetched'), <Time key="fetched" ms={it.fetchedAtMs} />],
          [t('Taken until, if no fetch works'), <Time key="until" ms={it.usableUntilMs} />],
        ]}
      />
    </>
  )
}

const from: Readonly<Record<Issuer['keysFrom'], Sentence>> = {
  discovery: 'by discovery',
  address: 'from a named address',
  trust: 'in the trust itself',
}

export function useFederation() {
  return useQuery({
    queryKey: ['federation'],
    queryFn: ({ signal }) => get<{ items: Issuer[]; providers: ProviderState[] }>('/api/federation', signal),
    refetchInterval: 15_000,
    retry: false,
  })
}

/** Whom we trust beside ourselves, whether they can be asked, and how their workloads fare. */
export default function FederationPage() {
  const { t, number } = useWords()
  const found = useFederation()
  const items = found.data?.items ?? []
  const providers = found.data?.providers ?? []
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Federation')}</h1>
      </header>
      <p className="soft">
        {t(
          'Identity providers by which people sign in, and outside issuers whose workloads may be machines here: as this node has seen them since it started.',
        )}
      </p>
      <ProblemNote error={found.error} />
      {providers.length > 0 && <h2>{t('Identity providers')}</h2>}
      {providers.map((it) => (
        <section key={it.id} className="card">
          <h3>
            <Link to={`/providers/${it.id}`}>{it.displayName}</Link> <span className="soft">{it.issuer}</span>{' '}
            <State of={it.state} />
          </h3>
          <ProviderFacts it={it} />
        </section>
      ))}
      {providers.length > 0 && <h2>{t('Issuers of workloads')}</h2>}
      {found.data !== undefined && items.length === 0 && (
        <Empty title={t('Nobody outside is trusted')}>
          {t('A pipeline, a cluster or a cloud can be let in by its own tokens: add a trust to a machine.')}
        </Empty>
      )}
      {items.length > 0 && <FederationPicture issuers={items} />}
      {items.map((it) => (
        <section key={`${it.issuer} ${it.jwksUri} ${it.keysFrom}`} className="card">
          <h2>
            {it.issuer} <State of={it.state} />
          </h2>
          {it.failure !== undefined && (
            <p className="wrong">
              <Time ms={it.failedAtMs} /> {it.failure}
            </p>
          )}
          {it.lastRefusal !== undefined && (
            <p className="soft">
              <Time ms={it.lastRefusedAtMs} /> {it.lastRefusal}
            </p>
          )}
          <Facts
            of={[
              [t('Keys'), `${it.keys === undefined ? '' : number(it.keys)} ${t(from[it.keysFrom])}`],
              ...(it.keysFrom === 'trust'
                ? []
                : ([
                    [t('Fetched'), <Time key="fetched" ms={it.fetchedAtMs} />],
                    [t('Taken until, if no fetch works'), <Time key="until" ms={it.usableUntilMs} />],
                  ] as const)),
              [t('Let in'), number(it.admitted)],
              [t('Refused'), number(it.refused)],
              [
                t('Machines'),
                <span key="machines">
                  {it.machines.map((machine) => (
                    <span key={machine.id}>
                      <Link to={`/machines/${machine.id}`}>{machine.name}</Link>{' '}
                    </span>
                  ))}
                  {it.machineCount > it.machines.length &&
                    t('and {count} more', { count: it.machineCount - it.machines.length })}
                </span>,
              ],
            ]}
          />
        </section>
      ))}
      <Cli command="gatehouse federation" />
      <h2>{t('Failed sign-ins by providers')}</h2>
      <History query={{ type: 'authentication.federation_failed' }} empty={t('No event about this yet.')} />
      <h2>{t('Refused by a condition')}</h2>
      <History query={{ type: 'tokens.workload_refused' }} empty={t('No event about this yet.')} />
    </>
  )
}
