import { useQuery } from '@tanstack/react-query'
import { get } from '../api/client.ts'
import { deployment, useMayEach } from '../api/rights.ts'
import { useMe } from '../app/me.tsx'
import { Link } from '../app/router.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Facts, State } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'

interface Report {
  readonly status: string
  readonly findings: readonly {
    readonly check: string
    readonly status: string
    readonly says: string
    readonly advice?: string
  }[]
}

/** How the installation is set up and what is wrong with it, and one's own preferences. */
export function SettingsPage() {
  const { t, language, choose, exact } = useWords()
  const me = useMe()
  const [mayExamine, mayExport] = useMayEach([
    { action: 'examine', resource: deployment },
    { action: 'exportConfiguration', resource: deployment },
  ])
  const doctor = useQuery({
    queryKey: ['doctor'],
    queryFn: ({ signal }) => get<Report>('/api/doctor', signal),
    enabled: mayExamine === true,
  })
  const log = useQuery({
    queryKey: ['audit-log'],
    queryFn: ({ signal }) => get<{ origin: string; verifierKey: string; size: number }>('/api/audit/log', signal),
  })
  const files = useQuery({
    queryKey: ['export'],
    queryFn: ({ signal }) => get<{ files: Record<string, string> }>('/api/configuration/export', signal),
    enabled: mayExport === true,
  })
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Settings')}</h1>
      </header>
      <section className="card">
        <h2>{t('This console')}</h2>
        <label>
          {t('Language')}{' '}
          <select value={language} onChange={(event) => choose(event.target.value as 'en')}>
            <option value="en">English</option>
            <option value="de">Deutsch</option>
          </select>
        </label>
        <p className="soft">{t('Times are in your zone. Now it is {time}.', { time: exact(Date.now()) })}</p>
        <p>
          <Link to={`/organizations/${me.organization.id}`}>
            {t('Rules of sign-in of {name}', { name: me.organization.displayName })}
          </Link>{' '}
          · <a href="/account">{t('My account')}</a>
        </p>
      </section>
      {mayExamine && (
        <section className="card">
          <h2>
            {t('Examination')} {doctor.data && <State of={doctor.data.status} />}
          </h2>
          <ProblemNote error={doctor.error} />
          {doctor.data?.findings.map((finding) => (
            <div key={finding.check + finding.says} className="line">
              <span>
                <b>{finding.check}</b> {finding.says}
                {finding.advice !== undefined && (
                  <>
                    <br />
                    <span className="soft">{finding.advice}</span>
                  </>
                )}
              </span>
              <State of={finding.status} />
            </div>
          ))}
          <Cli command="gatehouse doctor" />
        </section>
      )}
      {log.data !== undefined && (
        <section className="card">
          <h2>{t('Audit log')}</h2>
          <Facts
            of={[
              [t('Entries'), log.data.size],
              [t('Name'), log.data.origin],
              [
                t('Key to check it by'),
                <code key="k" className="wrap">
                  {log.data.verifierKey}
                </code>,
              ],
            ]}
          />
          <Cli command="gatehouse audit verify" />
        </section>
      )}
      {mayExport && (
        <section className="card">
          <h2>{t('Everything as files')}</h2>
          <p>{t('All of this can be kept in Git: export it, change it, see the difference, apply it.')}</p>
          <ProblemNote error={files.error} />
          {Object.entries(files.data?.files ?? {}).map(([name, text]) => (
            <details key={name}>
              <summary>{name}</summary>
              <pre>{text}</pre>
            </details>
          ))}
          <Cli command="gatehouse export ./configuration" />
        </section>
      )}
    </>
  )
}
