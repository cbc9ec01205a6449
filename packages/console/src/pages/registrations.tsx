import { useState } from 'react'
import { useMay } from '../api/rights.ts'
import { ActButton } from '../parts/act.tsx'
import { ShownOnce } from '../parts/once.tsx'
import { Cli, quote, Time } from '../parts/small.tsx'
import { Table } from '../parts/table.tsx'
import { useWords } from '../words/words.tsx'

interface Registration {
  readonly id: string
  readonly username: string
  readonly name: string
  readonly email: string
  readonly language: string
  readonly askedAtMs: number
}

/** Accounts that people asked for by themselves, and what becomes of them. */
export default function Registrations({ id, name }: { readonly id: string; readonly name: string }) {
  const { t } = useWords()
  const may = useMay('inviteUser', { type: 'Organization', id })
  const path = `/api/organizations/${id}/registrations`
  const command = (verb: string, one: string) => `gatehouse registration ${verb} ${one} --organization ${name}`
  return (
    <>
      <p className="soft">
        {t('Their addresses are confirmed by a letter. Approving makes the user and sends them a link to enrol by.')}
      </p>
      <Table<Registration>
        label={t('Registrations')}
        from={path}
        query={{}}
        keyOf={(one) => one.id}
        columns={[
          {
            name: t('User name'),
            show: (one) => (
              <span>
                {one.username} <span className="soft">{one.name}</span>
              </span>
            ),
          },
          { name: t('E-mail'), wide: true, show: (one) => one.email },
          { name: t('When'), wide: true, show: (one) => <Time ms={one.askedAtMs} /> },
          {
            name: t('Change'),
            show: (one) =>
              may && (
                <span className="actions">
                  <ActButton
                    act={{
                      label: t('Approve'),
                      method: 'POST',
                      path: `${path}/${one.id}/approve`,
                      asks: t('{name} becomes a user, and a letter with a link to enrol by goes to {email}.', {
                        name: one.username,
                        email: one.email,
                      }),
                      done: t('Approved: the letter is on its way'),
                      more: <Cli command={command('approve', one.id)} />,
                    }}
                  />
                  <ActButton
                    act={{
                      label: t('Refuse'),
                      method: 'POST',
                      path: `${path}/${one.id}/refuse`,
                      danger: true,
                      asks: t('What {email} entered is deleted, and they are told by a letter.', { email: one.email }),
                      done: t('Refused, and told'),
                      more: <Cli command={command('refuse', one.id)} />,
                    }}
                  />
                </span>
              ),
          },
        ]}
        empty={<p className="empty soft">{t('Nobody waits for an answer.')}</p>}
      />
      <Cli command={`gatehouse registration list --organization ${quote(name)}`} />
      <ProgramToken id={id} />
    </>
  )
}

/** A token by which a program registers itself as an application (RFC 7591 §1.2), shown once. */
function ProgramToken({ id }: { readonly id: string }) {
  const { t } = useWords()
  const may = useMay('createApplication', { type: 'Organization', id })
  const [made, setMade] = useState<{ token: string; expiresAtMs: number }>()
  if (!may) return null
  return (
    <section className="card">
      <h2>{t('Programs')}</h2>
      <p className="soft">
        {t('A program with a token of yours registers itself as an application: once, within a day (RFC 7591).')}
      </p>
      <ActButton
        act={{
          label: t('Issue a token'),
          method: 'POST',
          path: `/api/organizations/${id}/registration-tokens`,
          body: {},
          asks: t('Whoever holds it can make one application here. It is shown once.'),
          done: t('Issued'),
          after: (body) => setMade(body as { token: string; expiresAtMs: number }),
        }}
      />
      {made !== undefined && (
        <ShownOnce
          title={t('The new token')}
          says={t('This is the only time it is shown. Give it to the program now.')}
          facts={[[t('ends'), <Time key="ends" ms={made.expiresAtMs} />]]}
          name={t('Token')}
          secret={made.token}
          onClose={() => setMade(undefined)}
        />
      )}
    </section>
  )
}
