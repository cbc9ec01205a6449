import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { newKey, send } from '../api/client.ts'
import { useMay } from '../api/rights.ts'
import { ActButton } from '../parts/act.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'

interface Link {
  readonly url: string
  readonly expiresAtMs: number
}

/** A link that works once, shown once. */
export function OneTimeLink({ link, onClose }: { readonly link: Link; readonly onClose: () => void }) {
  const { t } = useWords()
  return (
    <Dialog title={t('One-time link')} onClose={onClose}>
      <p>{t('Whoever opens it first becomes this person: hand it over by a way you trust. It is shown only now.')}</p>
      <p>
        <code className="wrap">{link.url}</code>
      </p>
      <p className="soft">
        {t('ends')} <Time ms={link.expiresAtMs} />
      </p>
      <p className="actions">
        <button type="button" className="main" onClick={onClose}>
          {t('I have it')}
        </button>
      </p>
    </Dialog>
  )
}

/** For somebody invited: the link by which they enrol. */
export function SignInOf({
  id,
  state,
  email,
}: {
  readonly id: string
  readonly state: string
  readonly email: string | undefined
}) {
  const { t } = useWords()
  const may = useMay('inviteUser', { type: 'User', id })
  const [link, setLink] = useState<Link>()
  const making = useMutation({
    mutationFn: () => send<Link>('POST', `/api/users/${id}/invitation-link`, { once: newKey() }),
    onSuccess: ({ body }) => setLink(body),
  })
  if (state !== 'invited' || !may) return null
  return (
    <div className="notice hint">
      <p>{t('Invited, and not enrolled yet. They need a one-time link to choose a passkey or password.')}</p>
      <ProblemNote error={making.error} />
      <p className="actions">
        <button type="button" className="main" disabled={making.isPending} onClick={() => making.mutate()}>
          {t('Make a one-time link')}
        </button>
        {email !== undefined && (
          <ActButton
            act={{
              label: t('Send it by mail'),
              method: 'POST',
              path: `/api/users/${id}/invitation-mail`,
              asks: t('A letter with a link that works once goes to {email}; a former link is void.', { email }),
              done: t('The letter is on its way'),
            }}
          />
        )}
      </p>
      {link !== undefined && <OneTimeLink link={link} onClose={() => setLink(undefined)} />}
    </div>
  )
}
