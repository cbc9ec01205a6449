import { lazy, Suspense, useEffect, useState } from 'react'
import { deployment, type Question, useMayEach } from '../api/rights.ts'
import { DecisionsPage } from '../pages/decisions.tsx'
import { DetailPage } from '../pages/detail.tsx'
import { EventsPage } from '../pages/events.tsx'
import { GrantsPage } from '../pages/grants.tsx'
import { HomePage } from '../pages/home.tsx'
import { KeysPage } from '../pages/keys.tsx'
import { ListPage } from '../pages/list.tsx'
import { nouns } from '../pages/nouns.ts'
import { SettingsPage } from '../pages/settings.tsx'
import type { Icon } from '../parts/icons.ts'
import { Pictogram } from '../parts/small.tsx'
import { type Sentence, useWords } from '../words/words.tsx'
import { Boundary } from './boundary.tsx'
import { Connection } from './connection.tsx'
import { Expired } from './expired.tsx'
import { useKeys } from './keys.tsx'
import { useMe } from './me.tsx'
import { Link, usePlace } from './router.tsx'
import { applyTheme, currentTheme, type Theme } from './theme.ts'

const ExplainPage = lazy(() => import('../pages/explain.tsx'))
const TimelinePage = lazy(() => import('../pages/timeline.tsx'))
const DashboardsPage = lazy(() => import('../pages/dashboards.tsx'))
const FederationPage = lazy(() => import('../pages/federation.tsx'))
const AuditPage = lazy(() => import('../pages/audit.tsx'))
const RunbookPage = lazy(() => import('../pages/runbook.tsx'))
const AlertsPage = lazy(() => import('../pages/alerts.tsx'))
const FirstHourPage = lazy(() => import('../pages/first-hour.tsx'))

interface Entry {
  readonly path: string
  readonly icon: Icon
  readonly label: Sentence
  readonly action?: string
  /** Only for who may see it of the whole installation. */
  readonly whole?: boolean
}

const entries: readonly (readonly [Sentence, readonly Entry[]])[] = [
  [
    'Directory',
    [
      { path: '/', icon: 'home', label: 'Home' },
      ...nouns.map(
        (noun): Entry => ({ path: `/${noun.path}`, icon: noun.icon, label: noun.many, action: noun.viewAction }),
      ),
    ],
  ],
  [
    'Rights',
    [
      { path: '/grants', icon: 'grants', label: 'Grants', action: 'viewGrant' },
      { path: '/can-she', icon: 'explain', label: 'Can she?', action: 'explainDecision', whole: true },
      { path: '/decisions', icon: 'decisions', label: 'Decisions', action: 'viewDecisions', whole: true },
    ],
  ],
  [
    'Operations',
    [
      { path: '/dashboards', icon: 'dashboards', label: 'Dashboards', action: 'viewEvents', whole: true },
      { path: '/alerts', icon: 'alerts', label: 'Alerts', action: 'examine', whole: true },
      { path: '/events', icon: 'events', label: 'Events', action: 'viewEvents' },
      { path: '/audit', icon: 'audit', label: 'Audit log', action: 'viewEvents' },
      { path: '/federation', icon: 'federation', label: 'Federation', action: 'viewKeys', whole: true },
      { path: '/keys', icon: 'keys', label: 'Keys', action: 'viewKeys', whole: true },
      { path: '/settings', icon: 'settings', label: 'Settings' },
    ],
  ],
]

/** The entries that this person may open, by the decision API: of the whole installation or of their own organization. */
function useEntries() {
  const me = useMe()
  const own = { type: 'Organization', id: me.organization.id }
  const asked = entries.flatMap(([, list]) => list).filter(({ action }) => action !== undefined)
  const questions: Question[] = asked.flatMap(({ action }) => [
    { action: action as string, resource: deployment },
    { action: action as string, resource: own },
  ])
  const may = useMayEach(questions)
  const seen = new Set(
    asked.filter((entry, index) => may[index * 2] || (!entry.whole && may[index * 2 + 1])).map(({ path }) => path),
  )
  return entries.map(
    ([title, list]) => [title, list.filter(({ path, action }) => action === undefined || seen.has(path))] as const,
  )
}

export function Shell() {
  const { t, language, choose } = useWords()
  const me = useMe()
  const { path } = usePlace()
  const [open, setOpen] = useState(false)
  const [theme, setTheme] = useState<Theme>(currentTheme)
  const shown = useEntries()
  const help = useKeys(shown.flatMap(([, list]) => list))
  const here = path.split('/')[1] ?? ''
  // biome-ignore lint/correctness/useExhaustiveDependencies: the menu closes when the page changes
  useEffect(() => setOpen(false), [path])
  const label = entries.flatMap(([, list]) => list).find((entry) => entry.path === `/${here}`)?.label
  useEffect(() => {
    document.title = label === undefined ? 'Gatehouse' : `${t(label)} · Gatehouse`
  }, [label, t])
  const turn = () => {
    const next: Theme = theme === 'system' ? 'dark' : theme === 'dark' ? 'light' : 'system'
    applyTheme(next)
    setTheme(next)
  }
  return (
    <div className={open ? 'shell open' : 'shell'}>
      <a className="skip" href="#main">
        {t('Skip to the content')}
      </a>
      <header className="bar">
        <button
          type="button"
          className="menu quiet"
          aria-expanded={open}
          aria-controls="navigation"
          aria-label={t('Menu')}
          onClick={() => setOpen(!open)}
        >
          <Pictogram name="menu" />
        </button>
        <Link to="/" className="brand" aria-label="Gatehouse">
          <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
            <path
              fill="currentColor"
              d="M4 28V14.5C4 8.1 9.4 3 16 3s12 5.1 12 11.500V28h-6V15c0-3.400-2.700-6-6-6s-6 2.600-6 6v13H4Z"
            />
            <circle fill="currentColor" cx="16" cy="20" r="2.600" />
          </svg>
          <span>Gatehouse</span>
        </Link>
        <span className="grow" />
        <button
          type="button"
          className="quiet"
          aria-label={t('Colours: {theme}', { theme: t(theme) })}
          title={t('Colours: {theme}', { theme: t(theme) })}
          onClick={turn}
        >
          <Pictogram name="sun" />
        </button>
        <button
          type="button"
          className="quiet"
          lang={language === 'en' ? 'de' : 'en'}
          onClick={() => choose(language === 'en' ? 'de' : 'en')}
        >
          {language === 'en' ? 'Deutsch' : 'English'}
        </button>
        <a className="person" href="/account" title={`${me.username} · ${me.organization.displayName}`}>
          {me.name || me.username}
        </a>
        <a className="quiet button" href="/sign-out">
          {t('Sign out')}
        </a>
      </header>
      <nav id="navigation" className="side" aria-label={t('Console')}>
        {shown.map(
          ([title, list]) =>
            list.length > 0 && (
              <section key={title}>
                <h2>{t(title)}</h2>
                <ul>
                  {list.map((entry) => (
                    <li key={entry.path}>
                      <Link to={entry.path} aria-current={`/${here}` === entry.path ? 'page' : undefined}>
                        <Pictogram name={entry.icon} />
                        {t(entry.label)}
                      </Link>
                    </li>
                  ))}
                </ul>
              </section>
            ),
        )}
      </nav>
      <main id="main" tabIndex={-1}>
        <Connection />
        <Boundary key={path}>
          <Suspense
            fallback={
              <div className="loading" role="status">
                {t('Loading…')}
              </div>
            }
          >
            <Page path={path} />
          </Suspense>
        </Boundary>
      </main>
      <Expired me={me.id} />
      {help}
    </div>
  )
}

function Page({ path }: { readonly path: string }) {
  const { t } = useWords()
  const [, place = '', rest] = path.split('/')
  const id = rest === undefined ? undefined : decodeURIComponent(rest)
  const noun = nouns.find((one) => one.path === place)
  if (noun !== undefined)
    return id ? <DetailPage key={path} noun={noun} id={id} /> : <ListPage key={place} noun={noun} />
  switch (place) {
    case '':
      return <HomePage />
    case 'grants':
      return <GrantsPage />
    case 'can-she':
      return <ExplainPage />
    case 'decisions':
      return <DecisionsPage />
    case 'events':
      return <EventsPage />
    case 'federation':
      return <FederationPage />
    case 'keys':
      return <KeysPage />
    case 'settings':
      return <SettingsPage />
    case 'timeline':
      return <TimelinePage id={id ?? ''} />
    case 'dashboards':
      return <DashboardsPage />
    case 'alerts':
      return <AlertsPage />
    case 'audit':
      return <AuditPage />
    case 'runbooks':
      return <RunbookPage key={path} name={id ?? ''} />
    case 'first-hour':
      return <FirstHourPage />
    default:
      return (
        <>
          <h1 tabIndex={-1}>{t('There is nothing at this address')}</h1>
          <Link to="/">{t('Home')}</Link>
        </>
      )
  }
}
