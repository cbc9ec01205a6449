import { deployment, useMay } from '../api/rights.ts'
import type { Grant, Uid } from '../api/types.ts'
import { Link, useInAddress } from '../app/router.tsx'
import { ActButton } from '../parts/act.tsx'
import { Pick } from '../parts/pick.tsx'
import { Cli, Empty, Entity, quote, State, Time } from '../parts/small.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { useWords } from '../words/words.tsx'
import { NewGrant } from './new-grant.tsx'

function useColumns(): Column<Grant>[] {
  const { t } = useWords()
  return [
    { name: t('Role'), show: (grant) => <b title={grant.why}>{grant.role}</b> },
    { name: t('Held by'), show: (grant) => <Entity uid={grant.principal} /> },
    { name: t('On'), show: (grant) => <Entity uid={grant.resource} /> },
    { name: t('State'), wide: true, show: (grant) => <State of={grant.state} /> },
    { name: t('Until'), wide: true, show: (grant) => <Time ms={grant.untilMs} /> },
    {
      name: t('Change'),
      show: (grant) => (
        <>
          <Link className="button quiet" to={`/events?object=${encodeURIComponent(grant.id)}`}>
            {t('History')}
          </Link>{' '}
          <Revoke grant={grant} />
        </>
      ),
    },
  ]
}

function Revoke({ grant }: { readonly grant: Grant }) {
  const { t } = useWords()
  const may = useMay(
    'revokeGrant',
    grant.applicationId === undefined ? grant.resource : { type: 'Application', id: grant.applicationId },
  )
  if (!may || grant.state === 'ended') return null
  return (
    <ActButton
      act={{
        label: t('Revoke'),
        method: 'DELETE',
        path: `/api/grants/${grant.id}`,
        danger: true,
        asks: t('It ends at once for everybody who holds it. Grant it anew to give it back. Why it was given: {why}', {
          why: grant.why,
        }),
        done: t('Revoked'),
        more: <Cli command={`gatehouse grant revoke ${grant.id}`} />,
      }}
    />
  )
}

/** Every grant: who holds which role, where, until when and why. */
export function GrantsPage() {
  const { t } = useWords()
  const [role, setRole] = useInAddress('role')
  const [organizationId, setOrganization] = useInAddress('organization')
  const [creating, setCreating] = useInAddress('new')
  const may = useMay('createGrant', organizationId === '' ? deployment : { type: 'Organization', id: organizationId })
  const create = may && (
    <button type="button" className="main" onClick={() => setCreating('1')}>
      {t('New grant')}
    </button>
  )
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Grants')}</h1>
        {create}
      </header>
      <search className="filters">
        <input
          type="search"
          data-search
          aria-label={t('Role')}
          placeholder={t('Exactly this role')}
          value={role}
          spellCheck={false}
          onChange={(event) => setRole(event.target.value)}
        />
        <Pick
          label={t('Organization')}
          placeholder={t('Every organization')}
          list="organizations"
          type="Organization"
          value={organizationId}
          onChange={setOrganization}
        />
      </search>
      <Table<Grant>
        label={t('Grants')}
        from="/api/grants"
        query={{ role, organizationId }}
        columns={useColumns()}
        keyOf={(grant) => grant.id}
        searched={role !== '' || organizationId !== ''}
        empty={
          <Empty title={t('Nothing here yet')}>
            <p>
              {t(
                'A grant says: this person, group or machine holds this role on this resource, perhaps for a time, and why.',
              )}
            </p>
            {create}
          </Empty>
        }
      />
      <Cli
        command={[
          'gatehouse grant list',
          role && `--role ${quote(role)}`,
          organizationId && `--organization ${quote(organizationId)}`,
        ]
          .filter(Boolean)
          .join(' ')}
      />
      {creating !== '' && may && <NewGrant onClose={() => setCreating('')} />}
    </>
  )
}

/** Grants that name this one, as holder or as resource. */
export function GrantsOf({ uid }: { readonly uid: Uid }) {
  const { t } = useWords()
  const columns = useColumns()
  return (
    <>
      {['User', 'Group', 'Machine', 'Application'].includes(uid.type) && (
        <section className="card">
          <h2>{t('Roles it holds itself')}</h2>
          <Table<Grant>
            label={t('Roles it holds itself')}
            from="/api/grants"
            query={{ principalType: uid.type, principalId: uid.id }}
            columns={columns}
            keyOf={(grant) => grant.id}
            empty={<p className="soft">{t('None of its own; groups may give it some.')}</p>}
          />
          <Cli command={`gatehouse grant list --principal ${quote(`${uid.type}:${uid.id}`)}`} />
        </section>
      )}
      <section className="card">
        <h2>{t('Roles that others hold on it')}</h2>
        <Table<Grant>
          label={t('Roles that others hold on it')}
          from="/api/grants"
          query={{ resourceType: uid.type, resourceId: uid.id }}
          columns={columns}
          keyOf={(grant) => grant.id}
          empty={<p className="soft">{t('None directly; roles on what it lies in reach it too.')}</p>}
        />
      </section>
    </>
  )
}
