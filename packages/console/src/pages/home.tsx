import { useQuery } from '@tanstack/react-query'
import { get, pathWith } from '../api/client.ts'
import { deployment, useMay, useMayEach } from '../api/rights.ts'
import type { Grant, Page } from '../api/types.ts'
import { useMe } from '../app/me.tsx'
import { Link } from '../app/router.tsx'
import { History } from '../parts/history.tsx'
import { Entity, Pictogram, State } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { nouns } from './nouns.ts'

/** Where one begins: what one may do here, what is wrong, what happened last. */
export function HomePage() {
  const { t } = useWords()
  const me = useMe()
  const mayExamine = useMay('examine', deployment)
  const mayEvents = useMay('viewEvents', deployment)
  const may = useMayEach(
    nouns.flatMap((noun) => [
      { action: noun.viewAction, resource: deployment },
      { action: noun.viewAction, resource: { type: 'Organization', id: me.organization.id } },
    ]),
  )
  const mine = useQuery({ queryKey: ['mine'], queryFn: ({ signal }) => get<Page<Grant>>('/api/grants/mine', signal) })
  const doctor = useQuery({
    queryKey: ['doctor'],
    queryFn: ({ signal }) =>
      get<{ status: string; findings: { check: string; status: string; says: string }[] }>('/api/doctor', signal),
    enabled: mayExamine,
  })
  const applications = useQuery({
    queryKey: ['list', 'any-application'],
    queryFn: ({ signal }) => get<Page<object>>(pathWith('/api/applications', { limit: 1 }), signal),
    enabled: mayExamine,
  })
  const wrong = doctor.data?.findings.filter(({ status }) => status !== 'ok') ?? []
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Good to see you, {name}', { name: me.name || me.username })}</h1>
      </header>
      {applications.data?.items.length === 0 && (
        <div className="notice hint">
          <p>{t('This installation protects nothing yet. The first hour leads you from here to a protected route.')}</p>
          <Link className="button main" to="/first-hour">
            {t('Begin the first hour')}
          </Link>
        </div>
      )}
      <ul className="tiles">
        {nouns.map(
          (noun, index) =>
            (may[index * 2] || may[index * 2 + 1]) && (
              <li key={noun.path}>
                <Link to={`/${noun.path}`} className="tile">
                  <Pictogram name={noun.icon} />
                  <b>{t(noun.many)}</b>
                </Link>
              </li>
            ),
        )}
      </ul>
      <section className="card">
        <h2>{t('Your roles')}</h2>
        {mine.data?.items.length === 0 && (
          <p className="soft">{t('You hold no role here. Ask an administrator for one.')}</p>
        )}
        {mine.data?.items.map((grant) => (
          <p key={grant.id} className="line">
            <span>
              <b>{grant.role}</b> {t('On')} <Entity uid={grant.resource} />
            </span>
            <State of={grant.state} />
          </p>
        ))}
      </section>
      {wrong.length > 0 && (
        <section className="card">
          <h2>{t('To look after')}</h2>
          {wrong.map((finding) => (
            <p key={finding.check + finding.says} className="line">
              <span>
                <b>{finding.check}</b> {finding.says}
              </span>
              <State of={finding.status} />
            </p>
          ))}
          <Link to="/settings">{t('Examination')}</Link>
        </section>
      )}
      {mayEvents && (
        <>
          <h2>{t('What happened last')}</h2>
          <History query={{}} empty={t('No event about this yet.')} />
        </>
      )}
    </>
  )
}
