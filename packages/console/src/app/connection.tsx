import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ApiError } from '../api/client.ts'
import { useMinutesOff } from '../api/server-clock.ts'
import { useWords } from '../words/words.tsx'

/** Says when nothing answers, and that it is over. Reads are tried again by themselves. */
export function Connection() {
  const { t } = useWords()
  const client = useQueryClient()
  const [lost, setLost] = useState(false)
  useEffect(
    () =>
      client.getQueryCache().subscribe(({ query }) => {
        const { error, fetchFailureReason, status } = query.state
        const failed = [error, fetchFailureReason].some((it) => it instanceof ApiError && it.problem.code === 'lost')
        if (failed) setLost(true)
        else if (status === 'success') setLost(false)
      }),
    [client],
  )
  useEffect(() => {
    if (!lost) return
    const timer = setInterval(async () => {
      const answered = await fetch('/healthz').catch(() => undefined)
      if (answered === undefined) return
      setLost(false)
      void client.invalidateQueries()
    }, 2_000)
    return () => clearInterval(timer)
  }, [lost, client])
  const minutes = useMinutesOff()
  return (
    <>
      <div role="status" className={lost ? 'lost' : 'lost none'}>
        {lost && t('No connection to Gatehouse. What you see may be old; it is tried again.')}
      </div>
      {minutes !== 0 && (
        <p className="notice warn" role="status">
          {t(
            minutes > 0
              ? 'The clock of this machine is {count} minutes ahead of the server’s: set it right. Times here are the server’s, in your time zone.'
              : 'The clock of this machine is {count} minutes behind the server’s: set it right. Times here are the server’s, in your time zone.',
            { count: Math.abs(minutes) },
          )}
        </p>
      )}
    </>
  )
}
