import { useQuery } from '@tanstack/react-query'
import { get, pathWith } from '../api/client.ts'
import type { FeedEvent, KeptDecision, Page } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { Cli, Entity, State, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { Kept, Panel, useObjectives } from './board.tsx'
import { explainPath } from './explain-path.ts'

interface Finding {
  readonly check: string
  readonly status: string
  readonly says: string
}
/** Changes of who may do what, or of what everything rests on. */
const privileged = ['authorization.*', 'policies.*', 'keyring.*']

function routeOf({ data }: FeedEvent): string {
  const { method = '', route = '' } = data as { method?: string; route?: string }
  return `${method} ${route}`
}

/** Is access under control? One page without numbers that need an engineer. */
export function ExecutiveBoard({ hours }: { readonly hours: string }) {
  const { t, number } = useWords()
  const objectives = useObjectives()
  const read = <T,>(key: string, path: string) => ({
    queryKey: ['board', key],
    queryFn: ({ signal }: { signal: AbortSignal }) => get<T>(path, signal),
    refetchInterval: 60_000,
    retry: false,
  })
  const grants = useQuery(read<Page<FeedEvent>>('grants', pathWith('/api/events', { type: privileged[0], limit: 6 })))
  const policies = useQuery(
    read<Page<FeedEvent>>('policies', pathWith('/api/events', { type: privileged[1], limit: 6 })),
  )
  const keys = useQuery(read<Page<FeedEvent>>('keys', pathWith('/api/events', { type: privileged[2], limit: 6 })))
  const events = [grants, policies, keys]
    .flatMap(({ data }) => data?.items ?? [])
    .sort((a, b) => b.position - a.position)
  const doctor = useQuery(read<{ findings: Finding[] }>('doctor', '/api/doctor'))
  const log = useQuery(read<{ size: number }>('log', '/api/audit/log'))
  const orphans = useQuery(
    read<Page<{ id: string; name: string }>>('orphans', pathWith('/api/machines', { orphaned: 'true', limit: 10 })),
  )
  const decisions = useQuery(read<Page<KeptDecision>>('denies', pathWith('/api/decisions', { limit: 200 })))
  const denies = (decisions.data?.items ?? []).filter(({ outcome }) => outcome === 'deny_policy').slice(0, 6)
  const audit = doctor.data?.findings.filter(({ check }) => /audit|feed|journal|ledger/.test(check)) ?? []
  const local = useQuery(
    read<Page<FeedEvent>>('local', pathWith('/api/events', { type: 'authentication.bootstrap_used', limit: 5 })),
  )
  const accounts = useQuery(
    read<Page<FeedEvent>>('glass', pathWith('/api/events', { type: 'authentication.break_glass_used', limit: 5 })),
  )
  const granted = useQuery(
    read<Page<FeedEvent>>('granted', pathWith('/api/events', { type: 'authorization.break_glass_granted', limit: 5 })),
  )
  const glass = [local, accounts, granted]
    .flatMap(({ data }) => data?.items ?? [])
    .sort((a, b) => b.position - a.position)
    .slice(0, 6)
  const signIn = objectives.data?.items.find(({ name }) => name === 'sign-in-success')
  return (
    <div className="boards">
      <Panel title={t('Sign-in')} runbook={signIn?.runbook ?? 'sign-in-failures'}>
        {signIn !== undefined && (
          <>
            <p className="big">{signIn.good === undefined ? '–' : `${number(signIn.good * 100, 2)} %`}</p>
            <p className="soft">{t('of sign-ins in 30 days did not fail by our fault')}</p>
            <Kept name={signIn.name} label={t('Kept over time')} hours={hours} target={signIn.target} />
          </>
        )}
      </Panel>
      <Panel title={t('Audit')} runbook="audit-loss">
        <p className="big">{number(log.data?.size ?? 0)}</p>
        <p className="soft">{t('entries in the tamper-evident log')}</p>
        {audit.map((finding) => (
          <p key={finding.check + finding.says} className="line">
            <span>
              <b>{finding.check}</b> {finding.says}
            </span>
            <State of={finding.status} />
          </p>
        ))}
      </Panel>
      <Panel title={t('Machines whose owner has left')} runbook="orphaned-access">
        <p className="big">{orphans.data?.next !== undefined ? '10+' : number(orphans.data?.items.length ?? 0)}</p>
        {orphans.data?.items.map((machine) => (
          <p key={machine.id} className="line">
            <Link to={`/machines/${machine.id}`}>{machine.name}</Link>
          </p>
        ))}
        {orphans.data?.items.length === 0 && <p className="soft">{t('None: for every machine somebody answers.')}</p>}
      </Panel>
      <Panel title={t('Forbidden lately')} runbook="policy-regression">
        {denies.length === 0 && <p className="soft">{t('Nothing was forbidden lately.')}</p>}
        {denies.map((it) => (
          <p key={it.number} className="line">
            <span>
              <Entity uid={it.principal} /> {it.action.id} <Entity uid={it.resource} />
            </span>
            <Link to={explainPath(it)}>{t('Why?')}</Link>
          </p>
        ))}
      </Panel>
      <Panel title={t('Break-glass used')} runbook="break-glass">
        {glass.length === 0 && <p className="soft">{t('Not used.')}</p>}
        {glass.map((event) => (
          <p key={event.position} className="line">
            <span>
              <Link to={`/events?request=${encodeURIComponent(event.requestId)}`}>{event.actor.name}</Link>{' '}
              {routeOf(event)}
            </span>
            <Time ms={event.atMs} />
          </p>
        ))}
      </Panel>
      <Panel title={t('Privileged changes')} runbook="break-glass">
        {events.slice(0, 8).map((event) => (
          <p key={event.position} className="line">
            <span>
              <Link to={`/events?request=${encodeURIComponent(event.requestId)}`}>{event.type}</Link> {event.actor.name}
            </span>
            <Time ms={event.atMs} />
          </p>
        ))}
        {events.length === 0 && <p className="soft">{t('No event about this yet.')}</p>}
      </Panel>
      <Cli command="gatehouse slo" />
    </div>
  )
}
