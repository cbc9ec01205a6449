import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { ProblemNote } from '../parts/problem.tsx'
import { State, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { Panel } from './board.tsx'

interface Quantiles {
  readonly count: number
  readonly p50?: number
  readonly p95?: number
}
type Latency = Readonly<Record<string, Quantiles>>
interface Nodes {
  readonly nodes: readonly {
    readonly id: string
    readonly name: string
    readonly region: string
    readonly seenAtMs: number
    readonly serving: boolean
    readonly latency: Latency
  }[]
  readonly regions: readonly {
    readonly region: string
    readonly serving: number
    readonly latency: Latency
    readonly outside: readonly {
      readonly host: string
      readonly requests: number
      readonly failures: number
      readonly p95Ms?: number
      readonly lastFailedAtMs?: number
      readonly failure?: string
    }[]
  }[]
}

/** How long things take by region and node, and how outside hosts do as each region sees them. */
export function RegionPanels() {
  const { t, number } = useWords()
  const found = useQuery({
    queryKey: ['nodes'],
    queryFn: ({ signal }) => get<Nodes>('/api/observability/nodes', signal),
    refetchInterval: 15_000,
  })
  const milliseconds = (of: Quantiles | undefined) =>
    of?.p95 === undefined ? '–' : `${number(of.p95 * 1_000, of.p95 < 0.01 ? 1 : 0)} ms`
  const data = found.data
  // Where no node says its region, nodes alone tell enough.
  const regions = (data?.regions ?? []).filter(({ region }, _, all) => region !== '' || all.length > 1)
  const hosts = (data?.regions ?? []).flatMap(({ region, outside }) => outside.map((host) => ({ region, ...host })))
  return (
    <>
      <Panel title={t('Latency by region')} runbook="slow-decisions">
        <ProblemNote error={found.error} />
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what is wider than the page scrolls by keyboard too (WCAG 2.1.1) */}
        <section className="scrolls" tabIndex={0} aria-label={t('Latency by region')}>
          <table className="plain">
            <caption className="soft">{t('95 of 100 took at most so long, in the last hour')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('Region')}</th>
                <th scope="col">{t('Tokens')}</th>
                <th scope="col">{t('Decisions')}</th>
                <th scope="col">{t('Sign-in')}</th>
                <th scope="col">{t('Seen')}</th>
              </tr>
            </thead>
            <tbody>
              {regions.map(({ region, serving, latency }) => (
                <tr key={`region ${region}`}>
                  <th scope="row">{region || t('no region')}</th>
                  <td>{milliseconds(latency.tokens)}</td>
                  <td>{milliseconds(latency.decisions)}</td>
                  <td>{milliseconds(latency['sign-in'])}</td>
                  <td>{t('{count} serve', { count: serving })}</td>
                </tr>
              ))}
              {data?.nodes.map(({ id, name, region, serving, seenAtMs, latency }) => (
                <tr key={id}>
                  <td>
                    {region !== '' && <span className="soft">{region} · </span>}
                    {name}
                  </td>
                  <td>{milliseconds(latency.tokens)}</td>
                  <td>{milliseconds(latency.decisions)}</td>
                  <td>{milliseconds(latency['sign-in'])}</td>
                  <td>{serving ? t('serves') : <Time ms={seenAtMs} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      </Panel>
      <Panel title={t('Outside hosts by region')} runbook="federation">
        {data !== undefined && hosts.length === 0 && (
          <p className="soft">{t('No outside host was asked in the last hour.')}</p>
        )}
        {hosts.map(({ region, host, requests, failures, p95Ms, failure, lastFailedAtMs }) => (
          <p key={`${region} ${host}`} className="line">
            <span>
              <b>{host}</b> {region !== '' && <span className="soft">{region}</span>}
              <br />
              <span className="soft">
                {p95Ms === undefined ? '–' : `${number(p95Ms)} ms`} ·{' '}
                {t('{failures} of {requests} failed', { failures, requests })}
                {failure !== undefined && (
                  <>
                    {' '}
                    · {failure} <Time ms={lastFailedAtMs} />
                  </>
                )}
              </span>
            </span>
            <State of={failures === 0 ? 'ok' : failures === requests ? 'failing' : 'warning'} />
          </p>
        ))}
      </Panel>
    </>
  )
}
