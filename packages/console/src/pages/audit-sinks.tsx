import { useState } from 'react'
import { ActButton } from '../parts/act.tsx'
import { Cli, Field, quote } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { FormDialog } from './audit-dialogs.tsx'

/** Sends a sink everything after a position once more: for one that has lost what it was given. */
export function ReplaySink({ name, position }: { readonly name: string; readonly position: number }) {
  const { t } = useWords()
  const [asked, setAsked] = useState(false)
  const [after, setAfter] = useState('0')
  return (
    <>
      <button type="button" className="quiet small" onClick={() => setAsked(true)}>
        {t('Send again')}
      </button>
      {asked && (
        <FormDialog
          title={t('Send again')}
          label={t('Send again')}
          method="POST"
          path={`/api/audit/sinks/${encodeURIComponent(name)}/replay`}
          body={{ after: Number(after) }}
          done={t('It is sent again')}
          command={`gatehouse audit replay ${quote(name)} --after ${quote(after || 'POSITION')}`}
          onClose={() => setAsked(false)}
        >
          <p className="soft">{t('It gets each entry after this position once more, with the position it had.')}</p>
          <Field label={t('After position')}>
            {(ids) => (
              <input
                {...ids}
                type="number"
                min={0}
                max={position}
                step={1}
                required
                value={after}
                onChange={(event) => setAfter(event.target.value)}
              />
            )}
          </Field>
        </FormDialog>
      )}
    </>
  )
}

/** What otherwise happens every hour. */
export function SweepNow() {
  const { t, number } = useWords()
  return (
    <ActButton
      act={{
        label: t('Remove and archive now'),
        method: 'POST',
        path: '/api/audit/sweeps',
        danger: true,
        asks: t(
          'What is past its retention loses for good what it says, and what is old enough goes into archives. It happens by itself every hour.',
        ),
        done: t('Done'),
        told: (body) => {
          const { removed, archived, held } = body as { removed: number; archived: number; held: number }
          return t('{removed} removed, {archived} archived, {held} held', {
            removed: number(removed),
            archived: number(archived),
            held: number(held),
          })
        },
        more: <Cli command="gatehouse audit sweep" />,
      }}
    />
  )
}
