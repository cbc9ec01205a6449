import { useQuery } from '@tanstack/react-query'
import { get, pathWith } from '../api/client.ts'
import { Link, useInAddress } from '../app/router.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Entity, State, Time } from '../parts/small.tsx'
import { type Columns, Heat } from '../pictures/heat.tsx'
import { useWords } from '../words/words.tsx'
import { Kept, Panel, type Report, type Series, useObjectives } from './board.tsx'
import { useFederation } from './federation.tsx'
import { RegionPanels } from './regions.tsx'
import { ReplicasPanel } from './replicas.tsx'

interface Compromise {
  readonly items: readonly {
    readonly sign: string
    readonly count: number
    readonly principals: readonly { readonly type: string; readonly id: string; readonly network?: string }[]
  }[]
}
interface Changes {
  readonly total: number
  readonly bad: number
  readonly allowed: number
  readonly spent: boolean
  readonly items: readonly {
    readonly ownerId: string
    readonly owner: string
    readonly number: number
    readonly atMs: number
    readonly by: string
    readonly outcome: string
  }[]
}

/** What is wrong now, since when, and where to go: every objective, what takes long, what was changed, who is gone. */
export function OnCallBoard({ hours }: { readonly hours: string }) {
  const { t, number } = useWords()
  const objectives = useObjectives()
  const items = [...(objectives.data?.items ?? [])].sort((a, b) => a.budgetLeft - b.budgetLeft)
  const burns = ({ state }: Report) => state === 'page' || state === 'ticket'
  const panel = (it: Report) => (
    <Panel key={it.name} title={it.name} runbook={it.runbook}>
      <p>
        <State of={it.state} /> {it.says}
      </p>
      <p className="soft">
        {t('{good} good of {target} wanted; {left} of the error budget is left', {
          good: it.good === undefined ? '–' : `${number(it.good * 100, 3)} %`,
          target: `${number(it.target * 100, 2)} %`,
          left: `${number(it.budgetLeft * 100)} %`,
        })}
      </p>
      {it.burn.length > 0 && it.total > 0 && (
        <Kept name={it.name} label={t('Kept over time')} hours={hours} target={it.target} />
      )}
    </Panel>
  )
  return (
    <>
      <ProblemNote error={objectives.error} />
      <div className="boards">
        {items.filter(burns).map(panel)}
        <LatencyPanel hours={hours} />
        <RegionPanels />
        <ReplicasPanel />
        <ChangesPanel />
        <CompromisePanel />
        <ProvidersPanel />
        {items.filter((it) => !burns(it)).map(panel)}
      </div>
      <Link to="/alerts">{t('Alerts')}</Link>
    </>
  )
}

const metrics = [
  ['tokens', 'Tokens', 0.05, 'slow-tokens'],
  ['decisions', 'Decisions', 0.02, 'slow-decisions'],
  ['sign-in', 'Sign-in', undefined, 'sign-in-failures'],
  ['outside', 'Outside hosts', undefined, 'federation'],
] as const

/** The last day at most, from before this page was opened; by what took long, and by region. */
function LatencyPanel({ hours: asked }: { readonly hours: string }) {
  const { t } = useWords()
  const [chosen, setMetric] = useInAddress('latency')
  const [region, setRegion] = useInAddress('region')
  const [metric, , limit, runbook] = metrics.find(([name]) => name === chosen) ?? metrics[0]
  const hours = Math.min(24, Number(asked))
  const found = useQuery({
    queryKey: ['latency', metric, hours, region],
    queryFn: ({ signal }) =>
      get<Columns & Pick<Series, 'marks'> & { regions: string[] }>(
        pathWith(`/api/observability/latency/${metric}`, { hours, steps: 72, region }),
        signal,
      ),
    refetchInterval: 15_000,
    placeholderData: (former) => former,
  })
  const data = found.data
  return (
    <Panel title={t('Latency')} runbook={runbook}>
      <p className="filters">
        <label>
          {t('What')}{' '}
          <select className="auto" value={metric} onChange={(event) => setMetric(event.target.value)}>
            {metrics.map(([name, label]) => (
              <option key={name} value={name}>
                {t(label)}
              </option>
            ))}
          </select>
        </label>
        {data !== undefined && data.regions.length > 0 && (
          <label>
            {t('Region')}{' '}
            <select className="auto" value={region} onChange={(event) => setRegion(event.target.value)}>
              <option value="">{t('All')}</option>
              {data.regions.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        )}
      </p>
      <ProblemNote error={found.error} />
      {data !== undefined && (
        <Heat
          label={t('How long it took, the darker the more')}
          bounds={data.bounds}
          columns={data.columns}
          marks={data.marks.map(({ atMs, what, says }) => ({ atMs, says: `${what}: ${says}` }))}
          {...(limit !== undefined && { limit })}
        />
      )}
    </Panel>
  )
}

/** Policy changes have an error budget of their own. */
function ChangesPanel() {
  const { t, number } = useWords()
  const found = useQuery({
    queryKey: ['policy-changes'],
    queryFn: ({ signal }) => get<Changes>('/api/observability/policy-changes', signal),
    refetchInterval: 30_000,
  })
  const data = found.data
  return (
    <Panel title={t('Policy changes')} runbook="policy-changes">
      <ProblemNote error={found.error} />
      {data !== undefined && (
        <p>
          <State of={data.spent ? 'spent' : 'ok'} />{' '}
          {t('{bad} of {total} went wrong in 30 days; {allowed} may', {
            bad: data.bad,
            total: data.total,
            allowed: number(Math.floor(data.allowed)),
          })}
        </p>
      )}
      {data?.items.slice(0, 8).map((it) => (
        <p key={`${it.ownerId} ${it.number}`} className="line">
          <span>
            <Link
              to={
                it.ownerId.startsWith('app_')
                  ? `/applications/${it.ownerId}?tab=policies`
                  : `/organizations/${it.ownerId}`
              }
            >
              {it.owner} {it.number}
            </Link>{' '}
            {it.by} <Time ms={it.atMs} />
          </span>
          <State of={it.outcome === 'kept' ? 'ok' : it.outcome} />
        </p>
      ))}
      <Cli command="gatehouse policy changes" />
    </Panel>
  )
}

const signNames = {
  contained: 'Contained',
  token_reuse: 'Tokens that came twice',
  guessed: 'Guessed',
  one_network: 'From one network',
} as const

/** Signs of the last hour that identities are being taken over in numbers. */
function CompromisePanel() {
  const { t, number } = useWords()
  const found = useQuery({
    queryKey: ['compromise'],
    queryFn: ({ signal }) => get<Compromise>('/api/observability/compromise', signal),
    refetchInterval: 15_000,
  })
  return (
    <Panel title={t('Suspected compromise')} runbook="mass-compromise">
      <ProblemNote error={found.error} />
      {found.data?.items.map(({ sign, count, principals }) => (
        <div key={sign}>
          <p className="line">
            <span>{t(signNames[sign as keyof typeof signNames])}</span>
            <b>{number(count)}</b>
          </p>
          {principals.slice(0, 5).map(({ type, id, network }) => (
            <p key={id} className="soft">
              <Entity uid={{ type, id }} /> {network}
            </p>
          ))}
        </div>
      ))}
      <Cli command="gatehouse compromise" />
    </Panel>
  )
}

function ProvidersPanel() {
  const { t } = useWords()
  const federation = useFederation()
  return (
    <Panel title={t('Providers')} runbook="federation">
      <ProblemNote error={federation.error} />
      {federation.data?.providers.map((it) => (
        <p key={it.id} className="line">
          <span>
            <Link to={`/providers/${it.id}`}>{it.displayName}</Link>{' '}
            <span className="soft">
              {it.latencyP95Ms !== undefined &&
                t('{half} ms for half, {most} ms for 95 %', { half: it.latencyP50Ms ?? 0, most: it.latencyP95Ms })}{' '}
              {it.failure ?? it.lastFailure}
            </span>
          </span>
          <State of={it.state} />
        </p>
      ))}
      {federation.data?.items.length === 0 && federation.data.providers.length === 0 && (
        <p className="soft">{t('Nobody outside is trusted.')}</p>
      )}
      {federation.data?.items.map((it) => (
        <p key={`${it.issuer} ${it.jwksUri} ${it.keysFrom}`} className="line">
          <span>
            {it.issuer}{' '}
            {(it.failure ?? it.lastRefusal) !== undefined && (
              <span className="soft">{it.failure ?? it.lastRefusal}</span>
            )}
          </span>
          <State of={it.state} />
        </p>
      ))}
      <Link to="/federation">{t('Federation')}</Link>
    </Panel>
  )
}
