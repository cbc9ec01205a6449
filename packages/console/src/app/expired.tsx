import { useEffect, useState } from 'react'
import { get, signedInAgain, watchExpiry } from '../api/client.ts'
import { Dialog } from '../parts/dialog.tsx'
import { useWords } from '../words/words.tsx'
import { base } from './router.tsx'

/** The session has ended: says so above the page, which stays as it is, until somebody has signed in in another tab. */
export function Expired({ me }: { readonly me: string }) {
  const { t } = useWords()
  const [expired, setExpired] = useState(false)
  const [other, setOther] = useState<string>()
  useEffect(() => watchExpiry(setExpired), [])
  useEffect(() => {
    if (!expired) return
    const look = async () => {
      const known = await get<{ actor: { id?: string; name: string } }>('/api/whoami').catch(() => undefined)
      if (known === undefined) return
      // Somebody else's rights must not send what this person typed.
      if (known.actor.id === me) signedInAgain()
      else setOther(known.actor.name)
    }
    const timer = setInterval(look, 1_500)
    addEventListener('focus', look)
    return () => {
      clearInterval(timer)
      removeEventListener('focus', look)
    }
  }, [expired, me])
  if (!expired) return null
  const signIn = `/sign-in?return_to=${encodeURIComponent(`${base}/signed-in`)}`
  return (
    <Dialog title={t('Your session has ended')}>
      <p>{t('Nothing you typed is lost. Sign in again in a new tab, and this page goes on where it was.')}</p>
      {other !== undefined && (
        <p className="notice wrong" role="alert">
          {t('{name} is signed in now. Sign in as yourself to go on, or load the page again.', { name: other })}
        </p>
      )}
      <p className="actions">
        <a className="button main" href={signIn} target="_blank" rel="noopener opener">
          {t('Sign in again')}
        </a>
      </p>
    </Dialog>
  )
}
