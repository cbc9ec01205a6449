import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { newKey, send } from '../api/client.ts'
import { Dialog } from '../parts/dialog.tsx'
import { ShownOnce } from '../parts/once.tsx'
import { Pick } from '../parts/pick.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Field, quote, Time, useName } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'

interface Issued {
  readonly key: { readonly id: string; readonly expiresAtMs: number }
  readonly secret: string
}
const ownApi = 'gatehouse'
const lifetimes = ['30', '90', '365']

/** Makes an API key of a person or machine. The key is shown once, copied, and gone with its dialog. */
export function NewApiKey({
  type,
  id,
  name: owner,
  organizationId,
  onClose,
}: {
  readonly type: 'User' | 'Machine'
  readonly id: string
  readonly name: string
  readonly organizationId: string | undefined
  readonly onClose: () => void
}) {
  const { t } = useWords()
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [own, setOwn] = useState(false)
  const [application, setApplication] = useState('')
  const [scopes, setScopes] = useState('')
  const [days, setDays] = useState('90')
  const [once, setOnce] = useState(newKey)
  const applicationName = useName({ type: application === '' ? '' : 'Application', id: application })
  const wanted = scopes.split(/[\s,]+/).filter((scope) => scope !== '')
  const making = useMutation({
    mutationFn: () =>
      send<Issued>('POST', '/api/api-keys', {
        body: {
          owner: id,
          name,
          applications: [own ? ownApi : application],
          ...(wanted.length > 0 && { scopes: wanted }),
          validSeconds: Number(days) * 86_400,
        },
        once,
      }),
    onError: () => setOnce(newKey()),
    onSuccess: () => void client.invalidateQueries({ queryKey: ['api-keys', id] }),
    // INVARIANT: no copy of the key stays behind in the page.
    gcTime: 0,
  })
  const issued = making.data?.body
  const close = () => {
    making.reset()
    onClose()
  }
  if (issued !== undefined)
    return (
      <ShownOnce
        title={t('The new API key')}
        says={t('This is the only time it is shown. Put it where the program reads it now.')}
        facts={[[t('ends'), <Time key="ends" ms={issued.key.expiresAtMs} />]]}
        name={t('Key')}
        secret={issued.secret}
        onClose={close}
      />
    )
  const command = [
    `gatehouse api-key create ${quote(name || 'NAME')}`,
    ...(type === 'Machine' ? [`--owner machine:${quote(owner)}`] : []),
    own ? '--gatehouse' : `--app ${quote(application === '' ? 'APPLICATION' : applicationName)}`,
    ...(wanted.length > 0 ? [`--scope ${wanted.map(quote).join(' ')}`] : []),
    `--valid ${days}d`,
  ]
  return (
    <Dialog title={t('New API key')} onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          making.mutate()
        }}
      >
        <Field label={t('What it is for')}>
          {(ids) => (
            <input {...ids} required maxLength={100} value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Field>
        <fieldset className="field">
          <legend>{t('Where it counts')}</legend>
          <label className="check">
            <input type="radio" name="where" checked={!own} onChange={() => setOwn(false)} />
            {t('At an application')}
          </label>
          <label className="check">
            <input type="radio" name="where" checked={own} onChange={() => setOwn(true)} />
            {t('At the API of Gatehouse')}
          </label>
        </fieldset>
        {!own && (
          <Field label={t('Application')}>
            {(ids) => (
              <Pick
                {...ids}
                list="applications"
                type="Application"
                value={application}
                organizationId={organizationId}
                onChange={setApplication}
              />
            )}
          </Field>
        )}
        <Field
          label={t('Only these actions')}
          hint={own ? t('At least one, or gatehouse for all') : t('None named: all that its owner may')}
        >
          {(ids) => (
            <input
              {...ids}
              value={scopes}
              required={own}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setScopes(event.target.value)}
            />
          )}
        </Field>
        <Field label={t('Valid for')}>
          {(ids) => (
            <select {...ids} value={days} onChange={(event) => setDays(event.target.value)}>
              {lifetimes.map((one) => (
                <option key={one} value={one}>
                  {t('{count} days', { count: one })}
                </option>
              ))}
            </select>
          )}
        </Field>
        <ProblemNote error={making.error} />
        <p className="actions">
          <button
            type="submit"
            className="main"
            disabled={making.isPending || (!own && application === '') || (own && wanted.length === 0)}
          >
            {t('Make the key')}
          </button>
          <button type="button" className="quiet" onClick={close}>
            {t('Cancel')}
          </button>
        </p>
        <Cli command={command.join(' ')} />
      </form>
    </Dialog>
  )
}
