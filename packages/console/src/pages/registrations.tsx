import { useMay } from '../api/rights.ts'
import { ActButton } from '../parts/act.tsx'
import { Cli, Time } from '../parts/small.tsx'
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
    </>
  )
}
