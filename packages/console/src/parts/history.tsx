import type { FeedEvent } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { useWords } from '../words/words.tsx'
import { Cli, quote, State, Time } from './small.tsx'
import { Table } from './table.tsx'

/** The history of a thing, or what somebody did: events of the feed, each with the whole of its request behind it. */
export function History({
  query,
  empty,
}: {
  readonly query: Readonly<Record<string, string | undefined>>
  readonly empty: string
}) {
  const { t } = useWords()
  const { type, objectId, actorId } = query
  const command = [
    'gatehouse events',
    type && `--type ${quote(type)}`,
    objectId && `--object ${quote(objectId)}`,
    actorId && `--actor ${quote(actorId)}`,
  ]
  return (
    <>
      <Table<FeedEvent>
        label={t('History')}
        from="/api/events"
        query={query}
        keyOf={(event) => event.position}
        to={(event) => `/events?request=${encodeURIComponent(event.requestId)}`}
        columns={[
          {
            name: t('What'),
            show: (event) => <Link to={`/events?request=${encodeURIComponent(event.requestId)}`}>{event.type}</Link>,
          },
          { name: t('By'), show: (event) => event.actor.name },
          { name: t('Outcome'), wide: true, show: (event) => <State of={event.outcome} /> },
          { name: t('When'), show: (event) => <Time ms={event.atMs} /> },
        ]}
        empty={<p className="empty soft">{empty}</p>}
      />
      <Cli command={command.filter(Boolean).join(' ')} />
    </>
  )
}
