import { useInAddress } from '../app/router.tsx'
import { type Sentence, useWords } from '../words/words.tsx'
import { DebugBoard } from './debug-board.tsx'
import { ExecutiveBoard } from './executive-board.tsx'
import { OnCallBoard } from './on-call-board.tsx'

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
                {one === '1'
                  ? t('one hour')
                  : Number(one) < 48
                    ? t('{count} hours', { count: one })
                    : t('{count} days', { count: Number(one) / 24 })}
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
