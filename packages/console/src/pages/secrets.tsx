import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { newKey, send } from '../api/client.ts'
import { useMay } from '../api/rights.ts'
import { ActButton } from '../parts/act.tsx'
import { ShownOnce } from '../parts/once.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { MachineKeys } from './machine-keys.tsx'
import { cliOf, type Item, type Noun } from './noun.ts'

interface Issued {
  readonly clientId: string
  readonly secretId: string
  readonly secret: string
}

/** Client secrets and public keys of a machine or application. A secret is shown once, and is gone with its dialog. */
export function Secrets({ noun, item }: { readonly noun: Noun; readonly item: Item }) {
  const { t } = useWords()
  const client = useQueryClient()
  const uid = { type: noun.type, id: item.id }
  const may = useMay(noun.path === 'applications' ? 'issueClientSecret' : 'updateMachine', uid)
  const path = `/api/${noun.path}/${item.id}/secrets`
  const [issued, setIssued] = useState<Issued>()
  const [overlap, setOverlap] = useState('3600')
  const issuing = useMutation({
    mutationFn: () => send<Issued>('POST', path, { body: { overlapSeconds: Number(overlap) }, once: newKey() }),
    onSuccess: ({ body }) => {
      setIssued(body)
      void client.invalidateQueries()
    },
    gcTime: 0,
  })
  const secrets = (item.secrets ?? []) as { id: string; issuedAtMs: number; expiresAtMs?: number; usedAtMs?: number }[]
  const keys = (item.keys ?? []) as { kid: string; registeredAtMs: number; expiresAtMs?: number }[]
  return (
    <>
      <section className="card">
        <h2>{t('Client secrets')}</h2>
        {secrets.length === 0 && <p className="soft">{t('None. It authenticates by another way, or not yet.')}</p>}
        {secrets.map((secret) => (
          <p key={secret.id} className="line">
            <code>{secret.id}</code> {t('issued')} <Time ms={secret.issuedAtMs} /> · {t('ends')}{' '}
            <Time ms={secret.expiresAtMs} />
            {secret.usedAtMs !== undefined && (
              <>
                {' '}
                · {t('last used')} <Time ms={secret.usedAtMs} />
              </>
            )}
            {may && (
              <ActButton
                act={{
                  label: t('Revoke'),
                  method: 'DELETE',
                  path: `${path}/${secret.id}`,
                  danger: true,
                  asks: t(
                    'Whoever uses this secret is refused at once. It cannot be undone; issue another one instead.',
                  ),
                  done: t('Revoked'),
                }}
              />
            )}
          </p>
        ))}
        {may && (
          <form
            className="filters"
            onSubmit={(event) => {
              event.preventDefault()
              issuing.mutate()
            }}
          >
            <label>
              {t('Former secrets stay valid for')}{' '}
              <select value={overlap} onChange={(event) => setOverlap(event.target.value)}>
                <option value="0">{t('no time')}</option>
                <option value="3600">{t('one hour')}</option>
                <option value="86400">{t('one day')}</option>
              </select>
            </label>
            <button type="submit" className="main" disabled={issuing.isPending}>
              {t('Issue a secret')}
            </button>
          </form>
        )}
        <ProblemNote error={issuing.error} />
      </section>
      {noun.path === 'machines' ? (
        <MachineKeys item={item} name={noun.nameOf(item)} />
      ) : (
        <section className="card">
          <h2>{t('Public keys')}</h2>
          {keys.length === 0 && <p className="soft">{t('None registered.')}</p>}
          {keys.map((key) => (
            <p key={key.kid} className="line">
              <code>{key.kid}</code> {t('registered')} <Time ms={key.registeredAtMs} /> · {t('ends')}{' '}
              <Time ms={key.expiresAtMs} />
            </p>
          ))}
        </section>
      )}
      <Cli command={cliOf(noun, item, 'secret')} />
      {issued !== undefined && (
        <ShownOnce
          title={t('The new secret')}
          says={t('This is the only time it is shown. Put it where the program reads it now.')}
          facts={[[t('Client id'), issued.clientId]]}
          name={t('Secret')}
          secret={issued.secret}
          onClose={() => {
            setIssued(undefined)
            issuing.reset()
          }}
        />
      )}
    </>
  )
}
