import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import type { Page } from '../api/types.ts'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Entity, State, Time } from '../parts/small.tsx'
import { visible } from '../parts/visible.ts'
import { useWords } from '../words/words.tsx'
import { Panel } from './board.tsx'

interface Replica {
  readonly applicationId: string
  readonly name: string
  readonly connected: boolean
  readonly lastSeenAtMs: number
  readonly stalenessMs?: number
}

/** What applications decide from by themselves: whether it is connected, and how old. */
export function ReplicasPanel() {
  const { t, number } = useWords()
  const found = useQuery({
    queryKey: ['replicas'],
    queryFn: ({ signal }) => get<Page<Replica>>('/api/replicas?limit=50', signal),
    refetchInterval: 15_000,
    retry: false,
  })
  return (
    <Panel title={t('Replicas')} runbook="decisions-refused">
      <ProblemNote error={found.error} />
      {found.data?.items.length === 0 && <p className="soft">{t('No application decides by itself.')}</p>}
      {found.data?.items.map(({ applicationId, name, connected, lastSeenAtMs, stalenessMs }) => (
        <p key={`${applicationId} ${name}`} className="line">
          <span>
            <b>{visible(name)}</b> <Entity bare uid={{ type: 'Application', id: applicationId }} />
            <br />
            <span className="soft">
              {t('last seen')} <Time ms={lastSeenAtMs} />
              {stalenessMs !== undefined && ` · ${t('{seconds} s old', { seconds: number(stalenessMs / 1_000, 1) })}`}
            </span>
          </span>
          <State of={connected ? 'ok' : 'failing'} />
        </p>
      ))}
      <Cli command="gatehouse replicas" />
    </Panel>
  )
}
