import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, newKey, send } from '../api/client.ts'
import { deployment, useMay } from '../api/rights.ts'
import { serverNowMs } from '../api/server-clock.ts'
import { useInAddress } from '../app/router.tsx'
import { ActButton } from '../parts/act.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Runbook } from '../parts/runbook.tsx'
import { Cli, Empty, Field, quote, State, Time } from '../parts/small.tsx'
import { Table } from '../parts/table.tsx'
import { useWords } from '../words/words.tsx'

interface Alert {
  readonly id: string
  readonly severity: string
  readonly objective: string
  readonly cause?: { readonly kind: string; readonly subject: string }
  readonly says: string
  readonly runbook: string
  readonly state: string
  readonly startedAtMs: number
  readonly acknowledgedBy?: string
  readonly silencedBy?: string
}
interface Silence {
  readonly id: string
  readonly objective?: string
  readonly component?: string
  readonly why: string
  readonly by: string
  readonly untilMs: number
}

/** What burns its error budget too fast, who looks after it, and what is kept quiet until when. */
export default function AlertsPage() {
  const { t } = useWords()
  const [state, setState] = useInAddress('state')
  const may = useMay('manageAlerts', deployment)
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Alerts')}</h1>
      </header>
      <search className="filters">
        <select aria-label={t('State')} value={state} onChange={(event) => setState(event.target.value)}>
          <option value="">{t('Every state')}</option>
          <option value="open">{t('open')}</option>
          <option value="resolved">{t('resolved')}</option>
        </select>
      </search>
      <Table<Alert>
        label={t('Alerts')}
        from="/api/observability/alerts"
        query={{ state }}
        keyOf={(alert) => alert.id}
        refreshMs={10_000}
        columns={[
          {
            name: t('What'),
            show: (alert) => (
              <span title={alert.says}>
                <b>{alert.objective}</b> {alert.says}
              </span>
            ),
          },
          { name: t('State'), show: (alert) => <State of={alert.state} /> },
          {
            name: t('Cause'),
            wide: true,
            show: (alert) => (alert.cause === undefined ? '–' : `${alert.cause.kind} ${alert.cause.subject}`),
          },
          { name: t('Runbook'), wide: true, show: (alert) => <Runbook name={alert.runbook} /> },
          { name: t('Since'), wide: true, show: (alert) => <Time ms={alert.startedAtMs} /> },
          {
            name: t('Change'),
            show: (alert) =>
              alert.acknowledgedBy ??
              (may && alert.state === 'open' && (
                <ActButton
                  act={{
                    label: t('Look after it'),
                    method: 'POST',
                    path: `/api/observability/alerts/${alert.id}/acknowledge`,
                    asks: t('It does not escalate any more, and others see that you look after it.'),
                    done: t('It is yours'),
                    more: <Cli command={`gatehouse alert acknowledge ${alert.id}`} />,
                  }}
                />
              )),
          },
        ]}
        searched={state !== ''}
        empty={
          <Empty title={t('No alert')}>
            <p>{t('An alert opens when an objective burns its error budget too fast. Nothing does.')}</p>
          </Empty>
        }
      />
      <Cli command={`gatehouse alert list${state === 'open' ? ' --open' : ''}`} />
      <Silences may={may} />
    </>
  )
}

function Silences({ may }: { readonly may: boolean }) {
  const { t } = useWords()
  const client = useQueryClient()
  const found = useQuery({
    queryKey: ['silences'],
    queryFn: ({ signal }) => get<{ items: Silence[] }>('/api/observability/silences', signal),
  })
  const objectives = useQuery({
    queryKey: ['objectives'],
    queryFn: ({ signal }) => get<{ items: { name: string }[] }>('/api/observability/objectives', signal),
  })
  const [objective, setObjective] = useState('')
  const [why, setWhy] = useState('')
  const [hours, setHours] = useState('2')
  const making = useMutation({
    mutationFn: () =>
      send('POST', '/api/observability/silences', {
        body: { ...(objective && { objective }), why, untilMs: serverNowMs() + Number(hours) * 3_600_000 },
        once: newKey(),
      }),
    onSuccess: () => {
      setWhy('')
      void client.invalidateQueries({ queryKey: ['silences'] })
    },
  })
  return (
    <section className="card">
      <h2>{t('Silences')}</h2>
      <ProblemNote error={found.error} />
      {found.data?.items.length === 0 && <p className="soft">{t('Nothing is kept quiet.')}</p>}
      {found.data?.items.map((silence) => (
        <p key={silence.id} className="line">
          <span>
            <b>{silence.objective ?? silence.component}</b> {silence.why} · {silence.by} · {t('Until')}{' '}
            <Time ms={silence.untilMs} />
          </span>
          {may && (
            <ActButton
              act={{
                label: t('End'),
                method: 'DELETE',
                path: `/api/observability/silences/${silence.id}`,
                asks: t('Alerts are delivered again at once.'),
                done: t('The silence has ended'),
              }}
            />
          )}
        </p>
      ))}
      {may && (
        <form
          className="filters"
          onSubmit={(event) => {
            event.preventDefault()
            making.mutate()
          }}
        >
          <Field label={t('Objective')}>
            {(ids) => (
              <select {...ids} required value={objective} onChange={(event) => setObjective(event.target.value)}>
                <option value="">{t('Choose…')}</option>
                {objectives.data?.items.map(({ name }) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t('For')}>
            {(ids) => (
              <select {...ids} value={hours} onChange={(event) => setHours(event.target.value)}>
                {['1', '2', '8', '24'].map((one) => (
                  <option key={one} value={one}>
                    {t('{count} hours', { count: one })}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field label={t('Why')}>
            {(ids) => (
              <input {...ids} required value={why} maxLength={500} onChange={(event) => setWhy(event.target.value)} />
            )}
          </Field>
          <button type="submit" className="quiet" disabled={making.isPending}>
            {t('Keep quiet')}
          </button>
        </form>
      )}
      <ProblemNote error={making.error} />
      {may && (
        <Cli
          command={`gatehouse alert silence --objective ${quote(objective || 'OBJECTIVE')} --for ${hours}h --why ${quote(why || 'WHY')}`}
        />
      )}
    </section>
  )
}
