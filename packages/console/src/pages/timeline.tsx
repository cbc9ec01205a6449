import { useQuery } from '@tanstack/react-query'
import { get, pathWith } from '../api/client.ts'
import type { FeedEvent, Page } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Entity, quote, State, useName } from '../parts/small.tsx'
import { visible } from '../parts/visible.ts'
import { useWords } from '../words/words.tsx'

const types: Record<string, string> = {
  user: 'User',
  machine: 'Machine',
  app: 'Application',
  group: 'Group',
  org: 'Organization',
}

/** The life of one identity: what it did and what was done to it, in one line of time. */
export default function TimelinePage({ id }: { readonly id: string }) {
  const { t, exact, language } = useWords()
  const uid = { type: types[id.split('_')[0] ?? ''] ?? 'User', id }
  const name = useName(uid)
  const read = (query: Record<string, string>) => ({
    queryKey: ['timeline', query],
    queryFn: ({ signal }: { signal: AbortSignal }) =>
      get<Page<FeedEvent>>(pathWith('/api/events', { ...query, limit: 200 }), signal),
  })
  const did = useQuery(read({ actorId: id }))
  const done = useQuery(read({ objectId: id }))
  const events = new Map(
    [...(did.data?.items ?? []), ...(done.data?.items ?? [])].map((event) => [event.position, event]),
  )
  const sorted = [...events.values()].sort((a, b) => b.position - a.position)
  const days = Map.groupBy(sorted, (event) =>
    new Intl.DateTimeFormat(language, { dateStyle: 'full' }).format(event.atMs),
  )
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Timeline of {name}', { name })}</h1>
      </header>
      <p>
        <Entity uid={uid} />
      </p>
      <ProblemNote error={did.error ?? done.error} />
      <Cli command={`gatehouse events --actor ${quote(id)}`} />
      {sorted.length === 0 && did.isSuccess && done.isSuccess && (
        <p className="empty soft">{t('No event about this yet.')}</p>
      )}
      {[...days].map(([day, list]) => (
        <section key={day}>
          <h2>{day}</h2>
          <ol className="timeline">
            {list.map((event) => {
              const own = event.actor.id === id
              return (
                <li key={event.position} className={own ? 'did' : 'done'}>
                  <time dateTime={new Date(event.atMs).toISOString()} title={exact(event.atMs)}>
                    {new Intl.DateTimeFormat(language, { timeStyle: 'medium' }).format(event.atMs)}
                  </time>
                  <span>
                    <Link to={`/events?request=${encodeURIComponent(event.requestId)}`}>{event.type}</Link>{' '}
                    {event.outcome !== 'success' && <State of={event.outcome} />}
                    <br />
                    <span className="soft">
                      {visible(
                        own
                          ? `${t('About')} ${event.object.name ?? event.object.id}`
                          : `${t('By')} ${event.actor.name}`,
                      )}
                      {event.address !== undefined && ` · ${event.address}`}
                    </span>
                  </span>
                </li>
              )
            })}
          </ol>
        </section>
      ))}
    </>
  )
}
