import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get, pathWith } from '../api/client.ts'
import { deployment, useMay } from '../api/rights.ts'
import type { FeedEvent } from '../api/types.ts'
import { Link, setInAddress, useInAddress } from '../app/router.tsx'
import { Cli, Empty, Field, quote, State, Time } from '../parts/small.tsx'
import { Table } from '../parts/table.tsx'
import { visible } from '../parts/visible.ts'
import { useWords } from '../words/words.tsx'
import { AuditKeeping } from './audit-keeping.tsx'

const names = ['text', 'actor', 'target', 'action', 'outcome', 'from', 'until'] as const

/** Milliseconds of a moment in the reader's own time zone; undefined for none. */
function momentOf(text: string): string | undefined {
  const ms = new Date(text).getTime()
  return text === '' || Number.isNaN(ms) ? undefined : String(ms)
}

/** The tamper-evident log: finding entries, taking them away, and what becomes of them. */
export default function AuditPage() {
  const { t, number } = useWords()
  const [view, setView] = useInAddress('view')
  const whole = useMay('viewEvents', deployment)
  const log = useQuery({
    queryKey: ['audit-log'],
    queryFn: ({ signal }) => get<{ origin: string; verifierKey: string; size: number }>('/api/audit/log', signal),
    refetchInterval: 15_000,
  })
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Audit log')}</h1>
      </header>
      {log.data !== undefined && (
        <p className="soft">
          {t('{count} entries of {origin}, signed: whoever has the key checks it with software of their own.', {
            count: number(log.data.size),
            origin: log.data.origin,
          })}{' '}
          <code>{log.data.verifierKey}</code>
        </p>
      )}
      {whole && (
        <nav className="tabs" aria-label={t('Parts of this page')}>
          <button type="button" aria-current={view === '' ? 'page' : undefined} onClick={() => setView('')}>
            {t('Search')}
          </button>
          <button
            type="button"
            aria-current={view === 'keeping' ? 'page' : undefined}
            onClick={() => setView('keeping')}
          >
            {t('Sinks and retention')}
          </button>
        </nav>
      )}
      {view === 'keeping' && whole ? <AuditKeeping /> : <Search />}
    </>
  )
}

function Search() {
  const { t } = useWords()
  const [text, setText] = useInAddress('text')
  const [actor, setActor] = useInAddress('actor')
  const [target, setTarget] = useInAddress('target')
  const [action, setAction] = useInAddress('action')
  const [outcome, setOutcome] = useInAddress('outcome')
  const [from, setFrom] = useInAddress('from')
  const [until, setUntil] = useInAddress('until')
  const [typed, setTyped] = useState(text)
  const query = { text, actor, target, action, outcome, from: momentOf(from), until: momentOf(until) }
  const searched = Object.values(query).some((value) => value !== undefined && value !== '')
  const field = (label: string, value: string, set: (value: string) => void, placeholder?: string) => (
    <input
      aria-label={label}
      placeholder={placeholder ?? label}
      value={value}
      spellCheck={false}
      onChange={(event) => set(event.target.value)}
    />
  )
  return (
    <>
      <search className="filters">
        <input
          type="search"
          data-search
          aria-label={t('Words that must all be there')}
          placeholder={t('Words that must all be there')}
          value={typed}
          spellCheck={false}
          onChange={(event) => {
            setTyped(event.target.value)
            setText(event.target.value)
          }}
        />
        {field(t('Who did it, by id or name'), actor, setActor)}
        {field(t('To what, by id or name'), target, setTarget)}
        {field(t('Type'), action, setAction, 'directory.*')}
        <select aria-label={t('Outcome')} value={outcome} onChange={(event) => setOutcome(event.target.value)}>
          <option value="">{t('Every outcome')}</option>
          {['success', 'failure', 'denied'].map((one) => (
            <option key={one} value={one}>
              {t(one as never)}
            </option>
          ))}
        </select>
        <Field label={t('From')}>
          {(ids) => (
            <input {...ids} type="datetime-local" value={from} onChange={(event) => setFrom(event.target.value)} />
          )}
        </Field>
        <Field label={t('Until')}>
          {(ids) => (
            <input {...ids} type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />
          )}
        </Field>
        {searched && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              setTyped('')
              setInAddress(Object.fromEntries(names.map((name) => [name, ''])))
            }}
          >
            {t('Clear')}
          </button>
        )}
      </search>
      <Table<FeedEvent>
        label={t('Audit log')}
        from="/api/audit/search"
        query={query}
        keyOf={(event) => event.position}
        to={(event) => `/events?request=${encodeURIComponent(event.requestId)}`}
        columns={[
          {
            name: t('What'),
            show: (event) => <Link to={`/events?request=${encodeURIComponent(event.requestId)}`}>{event.type}</Link>,
          },
          { name: t('About'), show: (event) => visible(event.object.name ?? event.object.id) },
          { name: t('By'), wide: true, show: (event) => visible(event.actor.name) },
          { name: t('Outcome'), wide: true, show: (event) => <State of={event.outcome} /> },
          { name: t('When'), show: (event) => <Time ms={event.atMs} /> },
        ]}
        searched={searched}
        empty={
          <Empty title={t('Nothing here yet')}>
            <p>
              {t('Each change of Gatehouse writes an event in the same transaction: what is not here did not happen.')}
            </p>
          </Empty>
        }
      />
      <p className="actions">
        {t('Take away all that is found')}{' '}
        {(['ndjson', 'csv', 'ocsf'] as const).map((format) => (
          <a key={format} className="button quiet" href={pathWith('/api/audit/export', { ...query, format })} download>
            {format.toUpperCase()}
          </a>
        ))}
      </p>
      <Cli
        command={[
          'gatehouse audit search',
          action && `--action ${quote(action)}`,
          actor && `--actor ${quote(actor)}`,
          target && `--target ${quote(target)}`,
          text && quote(text),
        ]
          .filter(Boolean)
          .join(' ')}
      />
    </>
  )
}
