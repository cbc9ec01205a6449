import { Link, useInAddress } from '../app/router.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { State } from '../parts/small.tsx'
import { Heat } from '../pictures/heat.tsx'
import { type Sentence, useWords } from '../words/words.tsx'
import { Kept, Panel, useMarks, useObjectives } from './board.tsx'
import { DebugBoard } from './debug-board.tsx'
import { ExecutiveBoard } from './executive-board.tsx'
import { useFederation } from './federation.tsx'

const boards = [
  ['', 'Executive'],
  ['on-call', 'On call'],
  ['debug', 'Debug'],
] as const satisfies readonly (readonly [string, Sentence])[]
const ranges = ['1', '6', '24', '168', '720']

/** Three boards: is access under control, what is wrong now, and why exactly. */
export default function DashboardsPage() {
  const { t } = useWords()
  const [view, setView] = useInAddress('view')
  const [asked, setHours] = useInAddress('hours')
  const hours = ranges.includes(asked) ? asked : '24'
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Dashboards')}</h1>
        <label>
          {t('Time range')}{' '}
          <select className="auto" value={hours} onChange={(event) => setHours(event.target.value)}>
            {ranges.map((one) => (
              <option key={one} value={one}>
                {Number(one) < 48 ? t('{count} hours', { count: one }) : t('{count} days', { count: Number(one) / 24 })}
              </option>
            ))}
          </select>
        </label>
      </header>
      <nav className="tabs" aria-label={t('Parts of this page')}>
        {boards.map(([key, label]) => (
          <button key={key} type="button" aria-current={view === key ? 'page' : undefined} onClick={() => setView(key)}>
            {t(label)}
          </button>
        ))}
      </nav>
      {view === '' && <ExecutiveBoard hours={hours} />}
      {view === 'on-call' && <OnCallBoard hours={hours} />}
      {view === 'debug' && <DebugBoard />}
    </>
  )
}

function OnCallBoard({ hours }: { readonly hours: string }) {
  const { t, number } = useWords()
  const objectives = useObjectives()
  const marks = useMarks(objectives.data?.items[0]?.name)
  const federation = useFederation()
  const items = [...(objectives.data?.items ?? [])].sort((a, b) => a.budgetLeft - b.budgetLeft)
  return (
    <>
      <ProblemNote error={objectives.error} />
      <div className="boards">
        {items.map((it) => (
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
            {it.total > 0 && <Kept name={it.name} label={t('Kept over time')} hours={hours} target={it.target} />}
          </Panel>
        ))}
        <Panel title={t('Token latency')} runbook="slow-tokens">
          <Heat
            metric="token_issuance_duration_seconds"
            label={t('Tokens by how long they took, from now on')}
            marks={marks}
          />
        </Panel>
        <Panel title={t('Providers')} runbook="federation">
          {federation.data?.items.length === 0 && <p className="soft">{t('Nobody outside is trusted.')}</p>}
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
      </div>
      <Link to="/alerts">{t('Alerts')}</Link>
    </>
  )
}
