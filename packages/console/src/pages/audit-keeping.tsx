import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get } from '../api/client.ts'
import { deployment, useMay } from '../api/rights.ts'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Entity, State, Time } from '../parts/small.tsx'
import { visible } from '../parts/visible.ts'
import { useWords } from '../words/words.tsx'
import { PlaceHold, ReleaseHold, SetMinimum, SetRetention } from './audit-dialogs.tsx'
import { ReplaySink, SweepNow } from './audit-sinks.tsx'

interface Sink {
  readonly name: string
  readonly kind: string
  readonly position: number
  readonly lagEvents: number
  readonly failures: number
  readonly failure?: string
  readonly deadLetters: readonly { readonly position: number; readonly reason: string; readonly atMs: number }[]
}
interface Retention {
  readonly items: readonly {
    readonly organizationId?: string
    readonly keepDays?: number
    readonly archiveDays?: number
  }[]
  readonly minimumDays: number
  readonly archives: { readonly files: number; readonly bodies: number }
}
interface Hold {
  readonly id: string
  readonly organizationId?: string
  readonly subject?: string
  readonly reason: string
  readonly by: string
  readonly createdAtMs: number
  readonly endsAtMs?: number
  readonly inForce: boolean
}

type Asked =
  | { readonly what: 'minimum' | 'hold' }
  | { readonly what: 'retention'; readonly of?: Retention['items'][number] }
  | { readonly what: 'release'; readonly id: string }

/** Where entries go beside the log, how long they are kept, and what must stay whatever the time. */
export function AuditKeeping() {
  const { t, number } = useWords()
  const mayManage = useMay('manageRetention', deployment)
  const mayExamine = useMay('examine', deployment)
  const [asked, setAsked] = useState<Asked>()
  const close = () => setAsked(undefined)
  const read = <T,>(path: string) => ({
    queryKey: [path],
    queryFn: ({ signal }: { signal: AbortSignal }) => get<T>(path, signal),
    refetchInterval: 15_000,
    retry: false,
  })
  const sinks = useQuery(read<{ items: Sink[] }>('/api/audit/sinks'))
  const retention = useQuery(read<Retention>('/api/audit/retention'))
  const holds = useQuery(read<{ items: Hold[] }>('/api/audit/holds'))
  const minimumDays = retention.data?.minimumDays ?? 0
  const days = (count: number | undefined) =>
    count === undefined ? t('for good') : t('{count} days', { count: number(count) })
  return (
    <>
      <section className="card">
        <h2>{t('Sinks')}</h2>
        <ProblemNote error={sinks.error} />
        {sinks.data?.items.length === 0 && (
          <p className="soft">
            {t('The log is sent nowhere. GATEHOUSE_AUDIT_SINK_FILE names syslog, webhooks, files or a collector.')}
          </p>
        )}
        {sinks.data?.items.map((sink) => (
          <p key={sink.name} className="line">
            <span>
              <b>{sink.name}</b> {sink.kind} ·{' '}
              {t('has position {position}, {count} behind', {
                position: number(sink.position),
                count: number(sink.lagEvents),
              })}
              {sink.deadLetters.length > 0 && ` · ${t('{count} refused', { count: number(sink.deadLetters.length) })}`}
              {sink.failure !== undefined && <span className="wrong"> {visible(sink.failure)}</span>}
            </span>
            <span className="actions">
              <State of={sink.failures > 0 ? 'failing' : 'ok'} />
              {mayExamine && <ReplaySink name={sink.name} position={sink.position} />}
            </span>
          </p>
        ))}
        <Cli command="gatehouse audit sinks" />
      </section>
      <section className="card">
        <h2>{t('Retention')}</h2>
        <ProblemNote error={retention.error} />
        {retention.data?.items.length === 0 && <p className="soft">{t('Everything is kept for good.')}</p>}
        {retention.data?.items.map((one) => (
          <p key={one.organizationId ?? ''} className="line">
            <span>
              {one.organizationId === undefined ? (
                t('Every organization')
              ) : (
                <Entity uid={{ type: 'Organization', id: one.organizationId }} />
              )}
            </span>
            <span>
              {t('kept')} {days(one.keepDays)}
              {one.archiveDays !== undefined && ` · ${t('archived after')} ${days(one.archiveDays)}`}{' '}
              {mayManage && (
                <button type="button" className="quiet small" onClick={() => setAsked({ what: 'retention', of: one })}>
                  {t('Change')}
                </button>
              )}
            </span>
          </p>
        ))}
        {retention.data !== undefined && (
          <p className="line">
            <span className="soft">
              {t('No organization keeps less than {count} days.', { count: number(minimumDays) })}
            </span>
            {mayManage && (
              <button type="button" className="quiet small" onClick={() => setAsked({ what: 'minimum' })}>
                {t('Change the minimum')}
              </button>
            )}
          </p>
        )}
        {(retention.data?.archives.files ?? 0) > 0 && (
          <p className="soft">
            {t('{count} entries in {files} archives', {
              count: number(retention.data?.archives.bodies ?? 0),
              files: number(retention.data?.archives.files ?? 0),
            })}
          </p>
        )}
        {mayManage && retention.data !== undefined && (
          <button type="button" className="quiet" onClick={() => setAsked({ what: 'retention' })}>
            {t('Set retention')}
          </button>
        )}{' '}
        {mayManage && <SweepNow />}
        <Cli command="gatehouse audit retention list" />
      </section>
      <section className="card">
        <h2>{t('Legal holds')}</h2>
        <ProblemNote error={holds.error} />
        {holds.data?.items.length === 0 && <p className="soft">{t('Nothing is held.')}</p>}
        {holds.data?.items.map((hold) => (
          <p key={hold.id} className="line">
            <span>
              <b>{visible(hold.subject ?? hold.organizationId ?? t('Everything'))}</b> {visible(hold.reason)} ·{' '}
              {visible(hold.by)} · <Time ms={hold.createdAtMs} />
            </span>
            {hold.inForce && mayManage ? (
              <button type="button" className="quiet" onClick={() => setAsked({ what: 'release', id: hold.id })}>
                {t('Release')}
              </button>
            ) : (
              <State of={hold.inForce ? 'in_force' : 'ended'} />
            )}
          </p>
        ))}
        {mayManage && (
          <button type="button" className="quiet" onClick={() => setAsked({ what: 'hold' })}>
            {t('Place a legal hold')}
          </button>
        )}
        <Cli command="gatehouse audit hold list" />
      </section>
      {asked?.what === 'retention' && (
        <SetRetention minimumDays={minimumDays} {...(asked.of && { first: asked.of })} onClose={close} />
      )}
      {asked?.what === 'minimum' && <SetMinimum minimumDays={minimumDays} onClose={close} />}
      {asked?.what === 'hold' && <PlaceHold onClose={close} />}
      {asked?.what === 'release' && <ReleaseHold id={asked.id} onClose={close} />}
    </>
  )
}
