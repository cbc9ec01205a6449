import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, newKey, send } from '../api/client.ts'
import { useMay } from '../api/rights.ts'
import { ActButton } from '../parts/act.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { ShownOnce } from '../parts/once.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Field, quote, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import type { Item } from './noun.ts'

interface Key {
  readonly kid: string
  readonly registeredAtMs: number
  readonly expiresAtMs?: number
  readonly usedAtMs?: number
}
interface Registered {
  readonly clientId: string
  readonly key: Key
}

/** Public keys of a machine: made in this browser or brought along; the private half is shown once and never leaves it. */
export function MachineKeys({ item, name }: { readonly item: Item; readonly name: string }) {
  const { t } = useWords()
  const may = useMay('updateMachine', { type: 'Machine', id: item.id })
  const [making, setMaking] = useState(false)
  const keys = (item.keys ?? []) as Key[]
  return (
    <section className="card">
      <h2>{t('Public keys')}</h2>
      {keys.length === 0 && <p className="soft">{t('None registered.')}</p>}
      {keys.map((key) => (
        <p key={key.kid} className="line">
          <span>
            <code>{key.kid}</code> {t('registered')} <Time ms={key.registeredAtMs} /> · {t('ends')}{' '}
            <Time ms={key.expiresAtMs} />
            {key.usedAtMs !== undefined && (
              <>
                {' '}
                · {t('last used')} <Time ms={key.usedAtMs} />
              </>
            )}
          </span>
          {may && (
            <ActButton
              act={{
                label: t('Revoke'),
                method: 'DELETE',
                path: `/api/machines/${item.id}/keys/${encodeURIComponent(key.kid)}`,
                danger: true,
                asks: t('Whoever uses this key is refused at once. It cannot be undone; make another one instead.'),
                done: t('Revoked'),
                more: <Cli command={`gatehouse machine key revoke ${quote(name)} ${quote(key.kid)}`} />,
              }}
            />
          )}
        </p>
      ))}
      {may && (
        <p>
          <button type="button" className="quiet" onClick={() => setMaking(true)}>
            {t('Register a key')}
          </button>
        </p>
      )}
      <Cli command={`gatehouse machine key add ${quote(name)}`} />
      {making && <NewKey item={item} name={name} onClose={() => setMaking(false)} />}
    </section>
  )
}

function NewKey({ item, name, onClose }: { readonly item: Item; readonly name: string; readonly onClose: () => void }) {
  const { t } = useWords()
  const client = useQueryClient()
  const [brought, setBrought] = useState(false)
  const [text, setText] = useState('')
  const [overlap, setOverlap] = useState('')
  const [replace, setReplace] = useState(false)
  const hasSecrets = ((item.secrets ?? []) as unknown[]).length > 0
  const registering = useMutation({
    mutationFn: async () => {
      const made = brought ? { jwk: readPublic(text, t('This is no public JWK.')) } : await makePair()
      const { body } = await send<Registered>('POST', `/api/machines/${item.id}/keys`, {
        body: {
          jwk: made.jwk,
          ...(overlap !== '' && { overlapSeconds: Number(overlap) }),
          ...(replace && { replaceSecrets: true }),
        },
        once: newKey(),
      })
      return { ...body, secret: 'secret' in made ? JSON.stringify({ ...made.secret, kid: body.key.kid }) : undefined }
    },
    onSuccess: ({ secret }) => {
      void client.invalidateQueries()
      if (secret === undefined) onClose()
    },
    // INVARIANT: no copy of the private key stays behind in the page.
    gcTime: 0,
  })
  const done = registering.data
  const close = () => {
    registering.reset()
    onClose()
  }
  if (done?.secret !== undefined)
    return (
      <ShownOnce
        title={t('The new private key')}
        says={t(
          'It was made in this browser, and only its public half was sent. Put it where the program reads it now.',
        )}
        facts={[
          [t('Client id'), done.clientId],
          [t('ends'), <Time key="ends" ms={done.key.expiresAtMs} />],
        ]}
        name={t('Private key (JWK)')}
        secret={done.secret}
        onClose={close}
      />
    )
  return (
    <Dialog title={t('Register a key')} onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          registering.mutate()
        }}
      >
        <fieldset className="field">
          <legend>{t('The key pair')}</legend>
          <label className="check">
            <input type="radio" name="from" checked={!brought} onChange={() => setBrought(false)} />
            {t('is made here: the private half is shown once and never sent')}
          </label>
          <label className="check">
            <input type="radio" name="from" checked={brought} onChange={() => setBrought(true)} />
            {t('exists: I have its public half')}
          </label>
        </fieldset>
        {brought && (
          <Field label={t('Public key (JWK)')}>
            {(ids) => (
              <textarea
                {...ids}
                required
                rows={5}
                spellCheck={false}
                value={text}
                onChange={(event) => setText(event.target.value)}
              />
            )}
          </Field>
        )}
        <Field label={t('Former keys stay valid for')}>
          {(ids) => (
            <select {...ids} value={overlap} onChange={(event) => setOverlap(event.target.value)}>
              <option value="">{t('as long as they are')}</option>
              <option value="3600">{t('one hour')}</option>
              <option value="86400">{t('one day')}</option>
            </select>
          )}
        </Field>
        {hasSecrets && (
          <label className="check field">
            <input type="checkbox" required checked={replace} onChange={(event) => setReplace(event.target.checked)} />
            {t('Its client secrets end at once and for good: it proves itself by keys from now on')}
          </label>
        )}
        <ProblemNote error={registering.error} />
        <p className="actions">
          <button type="submit" className="main" disabled={registering.isPending}>
            {t('Register')}
          </button>
          <button type="button" className="quiet" onClick={close}>
            {t('Cancel')}
          </button>
        </p>
        <Cli
          command={`gatehouse machine key ${overlap === '' ? 'add' : 'rotate'} ${quote(name)}${brought ? ' --jwk FILE' : ''}${replace ? ' --replace-secrets' : ''}${overlap === '' ? '' : ` --overlap ${overlap === '3600' ? '1h' : '1d'}`}`}
        />
      </form>
    </Dialog>
  )
}

async function makePair() {
  const { publicKey, privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ])
  const plain = async (key: CryptoKey) => {
    const { key_ops: _, ext: __, ...jwk } = await crypto.subtle.exportKey('jwk', key)
    return { ...jwk, alg: 'ES256', use: 'sig' }
  }
  return { jwk: await plain(publicKey), secret: await plain(privateKey) }
}

/** @throws {ApiError} when it is no JSON object, or a private key, which must not be sent anywhere */
function readPublic(text: string, says: string): object {
  let jwk: unknown
  try {
    jwk = JSON.parse(text)
  } catch {
    throw new ApiError({ status: 400, code: 'unknown', title: says })
  }
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk) || 'd' in jwk)
    throw new ApiError({ status: 400, code: 'unknown', title: says })
  return jwk
}
