import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { get, newKey, send } from '../api/client.ts'
import { deployment } from '../api/rights.ts'
import type { Grant, Uid } from '../api/types.ts'
import { useMe } from '../app/me.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Pick } from '../parts/pick.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Field, quote } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { useUnsaved } from './edit.tsx'

interface Role {
  readonly name: string
  readonly says: string
}
const lists: Record<string, string> = {
  User: 'users',
  Group: 'groups',
  Machine: 'machines',
  Application: 'applications',
  Organization: 'organizations',
}

/** Which member of a new grant a choice is for. */
function UidField(it: {
  readonly label: string
  readonly types: readonly string[]
  readonly value: Uid
  readonly onChange: (uid: Uid) => void
}) {
  const { t } = useWords()
  const { value, onChange } = it
  const list = lists[value.type]
  return (
    <fieldset className="field">
      <legend>{it.label}</legend>
      <div className="filters">
        <select
          aria-label={`${it.label}: ${t('Kind')}`}
          value={it.types.includes(value.type) ? value.type : ''}
          onChange={(event) =>
            onChange({ type: event.target.value, id: event.target.value === deployment.type ? deployment.id : '' })
          }
        >
          {it.types.map((type) => (
            <option key={type} value={type}>
              {type === deployment.type
                ? t('The whole installation')
                : type === ''
                  ? t('Another type…')
                  : t(type as 'User')}
            </option>
          ))}
        </select>
        {!it.types.includes(value.type) || value.type === '' ? (
          <input
            aria-label={`${it.label}: ${t('Type')}`}
            placeholder={t('Type')}
            value={value.type}
            onChange={(event) => onChange({ ...value, type: event.target.value })}
          />
        ) : null}
        {list !== undefined ? (
          <Pick
            label={`${it.label}: ${t('Name')}`}
            placeholder={t('Name')}
            list={list}
            type={value.type}
            value={value.id}
            onChange={(id) => onChange({ ...value, id })}
          />
        ) : (
          value.type !== deployment.type && (
            <input
              aria-label={`${it.label}: ${t('Id')}`}
              placeholder={t('Id')}
              value={value.id}
              onChange={(event) => onChange({ ...value, id: event.target.value })}
            />
          )
        )}
      </div>
    </fieldset>
  )
}

export function NewGrant({
  onClose,
  first,
}: {
  readonly onClose: () => void
  readonly first?: Partial<Pick<Grant, 'role' | 'principal' | 'resource' | 'applicationId'>>
}) {
  const { t } = useWords()
  const me = useMe()
  const client = useQueryClient()
  const [role, setRole] = useState(first?.role ?? '')
  const [applicationId, setApplication] = useState(first?.applicationId ?? '')
  const [principal, setPrincipal] = useState<Uid>(first?.principal ?? { type: 'User', id: '' })
  const [resource, setResource] = useState<Uid>(first?.resource ?? { type: 'Organization', id: me.organization.id })
  const [until, setUntil] = useState('')
  const [why, setWhy] = useState('')
  const [once, setOnce] = useState(newKey)
  useUnsaved(why !== '')
  const roles = useQuery({ queryKey: ['roles'], queryFn: ({ signal }) => get<{ items: Role[] }>('/api/roles', signal) })
  const own = useQuery({
    queryKey: ['bundle', applicationId],
    queryFn: ({ signal }) => get<{ roles: string[] }>(`/api/applications/${applicationId}/policies`, signal),
    enabled: applicationId !== '',
    retry: false,
  })
  const known: readonly Role[] =
    applicationId === '' ? (roles.data?.items ?? []) : (own.data?.roles ?? []).map((name) => ({ name, says: '' }))
  const making = useMutation({
    mutationFn: () =>
      send('POST', '/api/grants', {
        once,
        body: {
          role,
          principal,
          resource,
          why,
          ...(applicationId && { applicationId }),
          ...(until && { untilMs: new Date(until).getTime() }),
        },
      }),
    onError: () => setOnce(newKey()),
    onSuccess: () => {
      void client.invalidateQueries()
      onClose()
    },
  })
  return (
    <Dialog title={t('New grant')} onClose={onClose} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          making.mutate()
        }}
      >
        <Field label={t('Roles of')}>
          {(ids) => (
            <Pick
              {...ids}
              placeholder={t('Gatehouse itself')}
              list="applications"
              type="Application"
              value={applicationId}
              onChange={setApplication}
            />
          )}
        </Field>
        <Field label={t('Role')} hint={known.find(({ name }) => name === role)?.says}>
          {(ids) => (
            <select {...ids} required value={role} onChange={(event) => setRole(event.target.value)}>
              <option value="">{t('Choose…')}</option>
              {known.map(({ name }) => (
                <option key={name}>{name}</option>
              ))}
            </select>
          )}
        </Field>
        <UidField
          label={t('Held by')}
          types={['User', 'Group', 'Machine', 'Application']}
          value={principal}
          onChange={setPrincipal}
        />
        <UidField
          label={t('On')}
          types={[deployment.type, 'Organization', 'Group', 'User', 'Application', '']}
          value={resource}
          onChange={setResource}
        />
        <Field
          label={t('Until')}
          hint={t('Empty: until it is revoked. In your time zone, {zone}', {
            zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
          })}
        >
          {(ids) => (
            <input {...ids} type="datetime-local" value={until} onChange={(event) => setUntil(event.target.value)} />
          )}
        </Field>
        <Field label={t('Why')} hint={t('For the record and the next review')}>
          {(ids) => (
            <input {...ids} required maxLength={1000} value={why} onChange={(event) => setWhy(event.target.value)} />
          )}
        </Field>
        <ProblemNote error={making.error} />
        <p className="actions">
          <button type="submit" className="main" disabled={making.isPending}>
            {t('Grant')}
          </button>
          <button type="button" className="quiet" onClick={onClose}>
            {t('Cancel')}
          </button>
        </p>
        <Cli
          command={`gatehouse grant create --role ${quote(role || 'ROLE')} --to ${quote(`${principal.type}:${principal.id || 'ID'}`)} --on ${quote(resource.type === deployment.type ? 'deployment' : `${resource.type}:${resource.id || 'ID'}`)} --why ${quote(why || 'WHY')}${applicationId && ` --app ${applicationId}`}`}
        />
      </form>
    </Dialog>
  )
}
