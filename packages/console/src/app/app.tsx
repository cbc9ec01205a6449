import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { ApiError, get, isAway } from '../api/client.ts'
import type { Me } from '../api/types.ts'
import { ProblemNote } from '../parts/problem.tsx'
import { useWords } from '../words/words.tsx'
import { MeProvider } from './me.tsx'
import { base, usePlace } from './router.tsx'
import { Shell } from './shell.tsx'

interface Known {
  readonly actor: { readonly type: string; readonly id?: string }
}

/** Who is signed in decides: nobody goes to the sign-in page of Gatehouse itself and comes back here. */
export function App() {
  const { t } = useWords()
  const { path } = usePlace()
  const me = useQuery({
    queryKey: ['me'],
    queryFn: async ({ signal }) => {
      // whoami is never held back by an ended session: before anything is typed, one is taken to sign in.
      await get<Known>('/api/whoami', signal)
      return get<Me>('/api/me', signal)
    },
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  })
  const code = me.error instanceof ApiError ? me.error.problem.code : undefined
  const away = isAway(code)
  useEffect(() => {
    if (away) location.replace(`/sign-in?return_to=${encodeURIComponent(location.pathname + location.search)}`)
  }, [away])
  if (path === '/signed-in' && me.data !== undefined)
    return (
      <main className="alone">
        <h1>{t('You are signed in again')}</h1>
        <p>{t('Close this tab: the other one goes on where it was.')}</p>
        <a href={base}>{t('Or go on here')}</a>
      </main>
    )
  if (me.data !== undefined)
    return (
      <MeProvider me={me.data}>
        <Shell />
      </MeProvider>
    )
  return (
    <main className="alone" aria-busy={!me.error}>
      <h1 className={me.error && !away ? undefined : 'unseen'}>Gatehouse</h1>
      {me.error !== null && !away ? (
        <ProblemNote error={me.error} />
      ) : (
        <div className="loading" role="status">
          {t('Loading…')}
        </div>
      )}
    </main>
  )
}
