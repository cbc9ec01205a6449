import type { KeptDecision } from '../api/types.ts'
import { Link, useInAddress } from '../app/router.tsx'
import { Pick } from '../parts/pick.tsx'
import { Cli, Empty, Entity, quote, State, Time } from '../parts/small.tsx'
import { Table } from '../parts/table.tsx'
import { useWords } from '../words/words.tsx'
import { explainPath } from './explain-path.ts'

/** The journal of decisions on this node; each opens in the explorer. */
export function DecisionsPage() {
  const { t, number } = useWords()
  const [applicationId, setApplication] = useInAddress('application')
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Decisions')}</h1>
      </header>
      <search className="filters">
        <Pick
          label={t('Application')}
          placeholder={t('Every application')}
          list="applications"
          type="Application"
          value={applicationId}
          onChange={setApplication}
        />
      </search>
      <Table<KeptDecision>
        label={t('Decisions')}
        from="/api/decisions"
        query={{ applicationId }}
        keyOf={(decision) => decision.number}
        to={explainPath}
        refreshMs={10_000}
        searched={applicationId !== ''}
        columns={[
          { name: t('Who'), show: (it) => <Entity uid={it.principal} /> },
          { name: t('Action'), show: (it) => <Link to={explainPath(it)}>{it.action.id}</Link> },
          { name: t('Resource'), wide: true, show: (it) => <Entity uid={it.resource} /> },
          { name: t('Answer'), show: (it) => <State of={it.outcome} /> },
          { name: t('Took'), wide: true, show: (it) => `${number(it.tookMicros)} µs` },
          { name: t('When'), wide: true, show: (it) => <Time ms={it.atMs} /> },
        ]}
        empty={
          <Empty title={t('Nothing here yet')}>
            <p>
              {t('Each decision that an application or gateway asks for is kept here with the policies that made it.')}
            </p>
          </Empty>
        }
      />
      <Cli
        command={['gatehouse decisions', applicationId && `--app ${quote(applicationId)}`].filter(Boolean).join(' ')}
      />
    </>
  )
}
