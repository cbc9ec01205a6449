import { useDeferredValue, useState } from 'react'
import { useMay } from '../api/rights.ts'
import { setInAddress, useInAddress } from '../app/router.tsx'
import { Pick } from '../parts/pick.tsx'
import { Cli, Empty, Entity, quote, State, Time } from '../parts/small.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { useWords } from '../words/words.tsx'
import { Create } from './create.tsx'
import { type Item, type Noun, placeOf } from './noun.ts'

/** A list of the directory: search by the beginning of a name, filters in the address, a row leads to its page. */
export function ListPage({ noun }: { readonly noun: Noun }) {
  const { t } = useWords()
  const [prefix, setPrefix] = useInAddress('search')
  const [state, setState] = useInAddress('state')
  const [organizationId, setOrganization] = useInAddress('organization')
  const [creating, setCreating] = useInAddress('new')
  const [typed, setTyped] = useState(prefix)
  const search = useDeferredValue(prefix)
  const isTenant = noun.path !== 'organizations'
  const mayCreate = useMay(noun.createAction, placeOf(isTenant ? organizationId : undefined))
  const columns: Column<Item>[] = [
    {
      name: t('Name'),
      show: (item) => (
        <span className="named">
          <b>{noun.nameOf(item)}</b> <span className="soft">{(item.displayName as string | undefined) ?? ''}</span>
        </span>
      ),
    },
    ...(isTenant
      ? [
          {
            name: t('Organization'),
            wide: true,
            show: (item: Item) => <Entity bare uid={{ type: 'Organization', id: String(item.organizationId) }} />,
          },
        ]
      : []),
    ...(noun.states.length > 0 ? [{ name: t('State'), show: (item: Item) => <State of={String(item.state)} /> }] : []),
    { name: t('Changed'), wide: true, show: (item) => <Time ms={item.updatedAtMs} /> },
  ]
  const create = mayCreate && (
    <button type="button" className="main" onClick={() => setCreating('1')}>
      {t(noun.create)}
    </button>
  )
  const command = [
    `gatehouse ${noun.cli} list`,
    isTenant && organizationId !== '' && `--organization ${quote(organizationId)}`,
    state !== '' && noun.path === 'users' && `--state ${quote(state)}`,
  ]
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t(noun.many)}</h1>
        {create}
      </header>
      <search className="filters">
        <input
          type="search"
          data-search
          aria-label={t('Search by the beginning of the name')}
          placeholder={t('Search by the beginning of the name')}
          value={typed}
          spellCheck={false}
          onChange={(event) => {
            setTyped(event.target.value)
            setPrefix(event.target.value)
          }}
        />
        {isTenant && (
          <Pick
            label={t('Organization')}
            placeholder={t('Every organization')}
            list="organizations"
            type="Organization"
            value={organizationId}
            onChange={setOrganization}
          />
        )}
        {noun.states.length > 0 && (
          <select aria-label={t('State')} value={state} onChange={(event) => setState(event.target.value)}>
            <option value="">{t('Every state')}</option>
            {noun.states.map((one) => (
              <option key={one} value={one}>
                {t(one as never)}
              </option>
            ))}
          </select>
        )}
        {(prefix || state || organizationId) && (
          <button
            type="button"
            className="quiet"
            onClick={() => {
              setTyped('')
              setInAddress({ search: '', state: '', organization: '' })
            }}
          >
            {t('Clear')}
          </button>
        )}
      </search>
      <Table<Item>
        label={t(noun.many)}
        from={`/api/${noun.path}`}
        query={{ prefix: search, state, ...(isTenant && { organizationId }) }}
        columns={columns}
        keyOf={(item) => item.id}
        to={(item) => `/${noun.path}/${item.id}`}
        searched={prefix !== '' || state !== '' || organizationId !== ''}
        empty={
          <Empty title={t('Nothing here yet')}>
            <p>{t(noun.teach)}</p>
            {create}
          </Empty>
        }
      />
      <Cli command={command.filter(Boolean).join(' ')} />
      {creating !== '' && mayCreate && (
        <Create noun={noun} organizationId={organizationId} onClose={() => setCreating('')} />
      )}
    </>
  )
}
