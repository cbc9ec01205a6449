import { useQuery } from '@tanstack/react-query'
import { get, pathWith } from '../api/client.ts'
import type { KeptDecision, Page } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { History } from '../parts/history.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Entity, State, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { Panel } from './board.tsx'
import { explainPath } from './explain-path.ts'

/** Why exactly: refusals with their policies, failed tokens, and what happened to identities. */
export function DebugBoard() {
  const { t } = useWords()
  const found = useQuery({
    queryKey: ['board', 'decisions'],
    queryFn: ({ signal }) => get<Page<KeptDecision>>(pathWith('/api/decisions', { limit: 200 }), signal),
    refetchInterval: 10_000,
  })
  const denies = (found.data?.items ?? []).filter(({ outcome }) => outcome !== 'allow').slice(0, 30)
  return (
    <>
      <Panel title={t('Refused lately')} runbook="policy-regression">
        <ProblemNote error={found.error} />
        {denies.length === 0 && <p className="soft">{t('Nothing was refused among the newest 200 decisions.')}</p>}
        {denies.map((it) => (
          <div key={it.number} className="line">
            <span>
              <State of={it.outcome} /> <Entity uid={it.principal} /> <b>{it.action.id}</b> <Entity uid={it.resource} />
              <br />
              <span className="soft">
                {it.via} · {[...it.reasons, ...it.errors].join(', ') || t('no policy')} · <Time ms={it.atMs} />
              </span>
            </span>
            <Link className="button quiet" to={explainPath(it)}>
              {t('Why?')}
            </Link>
          </div>
        ))}
        <Cli command="gatehouse decisions --limit 200" />
      </Panel>
      <Panel title={t('Tokens')} runbook="token-failures">
        <History query={{ type: 'tokens.*' }} empty={t('No event about this yet.')} />
      </Panel>
      <Panel title={t('Sign-in')} runbook="sign-in-failures">
        <History query={{ type: 'authentication.*' }} empty={t('No event about this yet.')} />
      </Panel>
      <Panel title={t('Identities')} runbook="leaked-credential">
        <History query={{ type: 'directory.*' }} empty={t('No event about this yet.')} />
      </Panel>
    </>
  )
}
