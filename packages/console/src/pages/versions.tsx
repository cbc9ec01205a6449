import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get } from '../api/client.ts'
import type { Activation } from '../api/types.ts'
import { ActButton } from '../parts/act.tsx'
import { Cli, Time } from '../parts/small.tsx'
import { Table } from '../parts/table.tsx'
import { useWords } from '../words/words.tsx'
import type { BundleOwner } from './bundle-owner.ts'
import { Difference } from './editor.tsx'

type Files = Readonly<Record<string, string>>

/** Which bundles were in force; each can be compared with what is open here, taken as a start, or put in force again. */
export function Versions(it: {
  readonly owner: BundleOwner
  readonly current: Files
  readonly mayRollBack: boolean
  readonly onTake: (files: Files) => void
}) {
  const { t } = useWords()
  const [chosen, setChosen] = useState<string>()
  const { path, cli } = it.owner
  const version = useQuery({
    queryKey: ['version', path, chosen],
    queryFn: ({ signal }) => get<{ files: Files }>(`${path}/versions/${chosen}`, signal),
    enabled: chosen !== undefined,
  })
  return (
    <>
      <Table<Activation>
        label={t('History')}
        from={`${path}/history`}
        query={{}}
        keyOf={(one) => one.number}
        columns={[
          {
            name: t('Bundle'),
            show: (one) => (
              <span title={one.hash}>
                {one.number} {one.comment}
              </span>
            ),
          },
          { name: t('By'), show: (one) => one.by.name },
          { name: t('When'), wide: true, show: (one) => <Time ms={one.activatedAtMs} /> },
          {
            name: t('Change'),
            show: (one) => (
              <span className="actions">
                <button type="button" className="quiet small" onClick={() => setChosen(one.hash)}>
                  {t('Compare')}
                </button>
                {it.mayRollBack && (
                  <ActButton
                    act={{
                      label: t('Roll back'),
                      method: 'POST',
                      path: `${path}/rollback`,
                      body: { hash: one.hash },
                      asks: t('Bundle {number} is in force again at once. The present one stays in the history.', {
                        number: one.number,
                      }),
                      done: t('Rolled back'),
                      more: <Cli command={`gatehouse ${cli[0]} rollback ${cli[1]} --to ${one.hash.slice(0, 12)}`} />,
                    }}
                  />
                )}
              </span>
            ),
          },
        ]}
        empty={<p className="empty soft">{t('No bundle was ever in force.')}</p>}
      />
      {version.data !== undefined && (
        <>
          <p className="actions">
            <button type="button" className="quiet" onClick={() => it.onTake(version.data.files)}>
              {t('Take it into the editor')}
            </button>
          </p>
          <Difference before={version.data.files} after={it.current} />
        </>
      )}
    </>
  )
}
