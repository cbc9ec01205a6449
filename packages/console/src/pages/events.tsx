import { useQuery } from '@tanstack/react-query'
import { get, pathWith } from '../api/client.ts'
import type { FeedEvent, KeptDecision, Page } from '../api/types.ts'
import { Link, setInAddress, useInAddress } from '../app/router.tsx'
import { Cli, Empty, Entity, quote, State, Time } from '../parts/small.tsx'
import { Table } from '../parts/table.tsx'
import { visible } from '../parts/visible.ts'
import { useWords } from '../words/words.tsx'
import { explainPath } from './explain-path.ts'

/** The record: everything that changed and who caused it, as it is in the audit log. */
export function EventsPage() {
  const { t } = useWords()
  const [type, setType] = useInAddress('type')
  const [actorId, setActor] = useInAddress('actor')
  const [objectId, setObject] = useInAddress('object')
  const [request, setRequest] = useInAddress('request')
  const fits = /^([a-z_]+\.(\*|[a-z_]+\*?))?$/.test(type)
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Events')}</h1>
      </header>
      <search className="filters">
        <input
          type="search"
          data-search
          aria-label={t('Type')}
          placeholder="directory.*"
          value={type}
          aria-invalid={!fits || undefined}
          spellCheck={false}
          onChange={(event) => setType(event.target.value)}
        />
        <input
          aria-label={t('Id of who caused it')}
          placeholder={t('Id of who caused it')}
          value={actorId}
          spellCheck={false}
          onChange={(event) => setActor(event.target.value)}
        />
        <input
          aria-label={t('Id of what it is about')}
          placeholder={t('Id of what it is about')}
          value={objectId}
          spellCheck={false}
          onChange={(event) => setObject(event.target.value)}
        />
        <input
          aria-label={t('Request id')}
          placeholder={t('Request id')}
          value={request}
          spellCheck={false}
          onChange={(event) => setRequest(event.target.value)}
        />
        {(type || actorId || objectId || request) && (
          <button
            type="button"
            className="quiet"
            onClick={() => setInAddress({ type: '', actor: '', object: '', request: '' })}
          >
            {t('Clear')}
          </button>
        )}
      </search>
      {request !== '' && <OneRequest id={request} />}
      {request === '' && (
        <Table<FeedEvent>
          label={t('Events')}
          from="/api/events"
          query={{ type: fits ? type : '', actorId, objectId }}
          keyOf={(event) => event.position}
          to={(event) => `/events?request=${encodeURIComponent(event.requestId)}`}
          refreshMs={15_000}
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
          searched={type !== '' || actorId !== '' || objectId !== ''}
          empty={
            <Empty title={t('Nothing here yet')}>
              <p>
                {t(
                  'Each change of Gatehouse writes an event in the same transaction: what is not here did not happen.',
                )}
              </p>
            </Empty>
          }
        />
      )}
      <Cli
        command={['gatehouse events', type && `--type ${quote(type)}`, request && `--request ${quote(request)}`]
          .filter(Boolean)
          .join(' ')}
      />
    </>
  )
}

/** All that one request caused: its events and its decisions. */
function OneRequest({ id }: { readonly id: string }) {
  const { t } = useWords()
  const events = useQuery({
    queryKey: ['request-events', id],
    queryFn: ({ signal }) => get<Page<FeedEvent>>(pathWith('/api/events', { requestId: id }), signal),
  })
  const decisions = useQuery({
    queryKey: ['request-decisions', id],
    queryFn: ({ signal }) => get<Page<KeptDecision>>(pathWith('/api/decisions', { requestId: id }), signal),
    retry: false,
  })
  return (
    <>
      <h2>{t('What this request caused')}</h2>
      {events.data?.items.length === 0 && <p className="soft">{t('It changed nothing.')}</p>}
      {events.data?.items.map((event) => (
        <section key={event.position} className="card">
          <h3>
            {event.type} <State of={event.outcome} />
          </h3>
          <p>
            {visible(event.actor.name)} · <Entity uid={event.object} /> · <Time ms={event.atMs} /> · {t('position')}{' '}
            {event.position}
            {event.address !== undefined && ` · ${event.address}`}
          </p>
          <pre>{visible(JSON.stringify(event.data, null, 2))}</pre>
          <p className="actions">
            <Link className="button quiet" to={`/events?object=${encodeURIComponent(event.object.id)}`}>
              {t('All about this')}
            </Link>
            {event.actor.id !== undefined && (
              <Link className="button quiet" to={`/timeline/${encodeURIComponent(event.actor.id)}`}>
                {t('Timeline of {name}', { name: visible(event.actor.name) })}
              </Link>
            )}
          </p>
        </section>
      ))}
      <h2>{t('How it was decided')}</h2>
      {decisions.data?.items.length === 0 && (
        <p className="soft">{t('No decision of this request is on record here.')}</p>
      )}
      {decisions.data?.items.map((decision) => (
        <p key={decision.number} className="line">
          <span>
            <State of={decision.outcome} /> <Entity uid={decision.principal} /> {decision.action.id}{' '}
            <Entity uid={decision.resource} />
          </span>
          <Link className="button quiet" to={explainPath(decision)}>
            {t('Why?')}
          </Link>
        </p>
      ))}
    </>
  )
}
