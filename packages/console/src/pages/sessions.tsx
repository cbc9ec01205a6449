import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { get } from '../api/client.ts'
import { useMayEach } from '../api/rights.ts'
import { useMe } from '../app/me.tsx'
import { ActButton } from '../parts/act.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Facts, quote, Time } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { OneTimeLink } from './sign-in-of.tsx'

interface Session {
  readonly id: string
  readonly startedAtMs: number
  readonly seenAtMs: number
  readonly expiresAtMs: number
  readonly amr: readonly string[]
  readonly address?: string
  readonly agent?: string
  readonly current: boolean
}
interface Factors {
  readonly passwordSetAtMs?: number
  readonly totpEnrolledAtMs?: number
  readonly passkeys: readonly {
    readonly id: string
    readonly name: string
    readonly addedAtMs: number
    readonly usedAtMs?: number
  }[]
  readonly recoveryCodesLeft: number
}

/** Where somebody is signed in, and by what they prove who they are. */
export function Sessions({ userId }: { readonly userId: string }) {
  const { t } = useWords()
  const me = useMe()
  const uid = { type: 'User', id: userId }
  const [mayEnd, mayReset] = useMayEach([
    { action: 'endSessions', resource: uid },
    { action: 'resetFactors', resource: uid },
  ])
  const path = `/api/users/${userId}`
  const sessions = useQuery({
    queryKey: ['sessions', userId],
    queryFn: ({ signal }) => get<{ items: Session[] }>(`${path}/sessions`, signal),
  })
  const factors = useQuery({
    queryKey: ['factors', userId],
    queryFn: ({ signal }) => get<Factors>(`${path}/factors`, signal),
  })
  const [link, setLink] = useState<{ url: string; expiresAtMs: number }>()
  const items = sessions.data?.items ?? []
  return (
    <>
      <ProblemNote error={sessions.error ?? factors.error} />
      <section className="card">
        <h2>{t('Sessions')}</h2>
        {items.length === 0 && <p className="soft">{t('Not signed in anywhere.')}</p>}
        {items.map((session) => (
          <div key={session.id} className="line">
            <span>
              <b>{session.address ?? t('unknown address')}</b> <span className="soft">{session.agent}</span>
              <br />
              {t('signed in')} <Time ms={session.startedAtMs} /> · {t('last seen')} <Time ms={session.seenAtMs} /> ·{' '}
              {session.amr.join(', ')}
            </span>
            {mayEnd && (
              <ActButton
                act={{
                  label: t('End'),
                  method: 'DELETE',
                  path: `${path}/sessions/${session.id}`,
                  danger: true,
                  asks: t('They are signed out there at once and can sign in again.'),
                  done: t('The session has ended'),
                }}
              />
            )}
          </div>
        ))}
        {mayEnd && items.length > 1 && userId !== me.id && (
          <ActButton
            act={{
              label: t('End all'),
              method: 'DELETE',
              path: `${path}/sessions`,
              danger: true,
              asks: t('They are signed out everywhere at once and can sign in again.'),
              done: t('All sessions have ended'),
            }}
          />
        )}
      </section>
      <section className="card">
        <h2>{t('Factors')}</h2>
        {factors.data !== undefined && (
          <Facts
            of={[
              [t('Password'), <Time key="p" ms={factors.data.passwordSetAtMs} />],
              [t('Authenticator app'), <Time key="t" ms={factors.data.totpEnrolledAtMs} />],
              [t('Passkeys'), factors.data.passkeys.map(({ name }) => name).join(', ') || '–'],
              [t('Recovery codes left'), factors.data.recoveryCodesLeft],
            ]}
          />
        )}
        {mayReset && (
          <ActButton
            act={{
              label: t('Reset factors'),
              method: 'POST',
              path: `${path}/reset-factors`,
              body: {},
              danger: true,
              asks: t(
                'All their factors and sessions end for good. You get a one-time link by which they enrol anew: give it to them in person.',
              ),
              done: t('Factors are reset'),
              after: (body) => setLink(body as { url: string; expiresAtMs: number }),
            }}
          />
        )}
      </section>
      <Cli command={`gatehouse revoke user ${quote(userId)} --reason WHY`} />
      {link !== undefined && <OneTimeLink link={link} onClose={() => setLink(undefined)} />}
    </>
  )
}
