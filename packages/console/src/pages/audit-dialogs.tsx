import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { newKey, send } from '../api/client.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Pick } from '../parts/pick.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Field, quote } from '../parts/small.tsx'
import { useTell } from '../parts/toast.tsx'
import { useWords } from '../words/words.tsx'

/** A form in a dialog that makes one request, with the command that does the same. */
export function FormDialog(it: {
  readonly title: string
  readonly label: string
  readonly method: string
  readonly path: string
  readonly body: unknown
  readonly done: string
  readonly command: string
  readonly onClose: () => void
  readonly children: ReactNode
}) {
  const { t } = useWords()
  const client = useQueryClient()
  const tell = useTell()
  const [once, setOnce] = useState(newKey)
  const doing = useMutation({
    mutationFn: () => send(it.method, it.path, { body: it.body, once }),
    onError: () => setOnce(newKey()),
    onSuccess: () => {
      void client.invalidateQueries()
      tell(it.done)
      it.onClose()
    },
  })
  return (
    <Dialog title={it.title} onClose={it.onClose} wide>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          doing.mutate()
        }}
      >
        {it.children}
        <ProblemNote error={doing.error} />
        <p className="actions">
          <button type="submit" className="main" disabled={doing.isPending}>
            {it.label}
          </button>
          <button type="button" className="quiet" onClick={it.onClose}>
            {t('Cancel')}
          </button>
        </p>
        <Cli command={it.command} />
      </form>
    </Dialog>
  )
}

function Days(it: {
  readonly label: string
  readonly hint?: string
  readonly least: number
  readonly value: string
  readonly required?: boolean
  readonly onChange: (value: string) => void
}) {
  return (
    <Field label={it.label} hint={it.hint}>
      {(ids) => (
        <input
          {...ids}
          type="number"
          min={it.least}
          max={36_500}
          step={1}
          required={it.required}
          value={it.value}
          onChange={(event) => it.onChange(event.target.value)}
        />
      )}
    </Field>
  )
}

/** Retention of all that have none of their own, or of one organization; empty fields keep for good. */
export function SetRetention(it: {
  readonly minimumDays: number
  readonly first?: { readonly organizationId?: string; readonly keepDays?: number; readonly archiveDays?: number }
  readonly onClose: () => void
}) {
  const { t, number } = useWords()
  const [organizationId, setOrganization] = useState(it.first?.organizationId ?? '')
  const [keep, setKeep] = useState(String(it.first?.keepDays ?? ''))
  const [archive, setArchive] = useState(String(it.first?.archiveDays ?? ''))
  const archives = organizationId === '' && archive !== ''
  const told = [
    organizationId !== '' && ` --organization ${quote(organizationId)}`,
    keep !== '' && ` --keep-days ${quote(keep)}`,
    archives && ` --archive-days ${quote(archive)}`,
    keep === '' && !archives && ' --for-good',
  ]
  return (
    <FormDialog
      title={t('Set retention')}
      label={t('Set')}
      method="PUT"
      path="/api/audit/retention"
      body={{
        ...(organizationId !== '' && { organizationId }),
        ...(keep !== '' && { keepDays: Number(keep) }),
        ...(archives && { archiveDays: Number(archive) }),
      }}
      done={t('The retention is set')}
      command={`gatehouse audit retention set${told.filter(Boolean).join('')}`}
      onClose={it.onClose}
    >
      <Field label={t('Of')} hint={t('Empty: every organization that has no setting of its own')}>
        {(ids) => (
          <Pick
            {...ids}
            placeholder={t('Every organization')}
            list="organizations"
            type="Organization"
            value={organizationId}
            onChange={setOrganization}
          />
        )}
      </Field>
      <Days
        label={t('Days for which entries keep what they say')}
        hint={t('Empty: for good. At least {count}. What is past it does not come back; the signed tree stays whole.', {
          count: number(it.minimumDays),
        })}
        least={Math.max(1, it.minimumDays)}
        value={keep}
        onChange={setKeep}
      />
      {organizationId === '' && (
        <Days
          label={t('Days after which it goes into archives')}
          hint={t('Compressed files of the whole log that may lie on cheap storage. Empty: never')}
          least={1}
          value={archive}
          onChange={setArchive}
        />
      )}
    </FormDialog>
  )
}

/** What no setting goes below: for who runs the whole installation. */
export function SetMinimum(it: { readonly minimumDays: number; readonly onClose: () => void }) {
  const { t } = useWords()
  const [days, setDays] = useState(String(it.minimumDays))
  return (
    <FormDialog
      title={t('Minimum of every retention')}
      label={t('Set')}
      method="PUT"
      path="/api/audit/retention/minimum"
      body={{ days: Number(days) }}
      done={t('The minimum is set')}
      command={`gatehouse audit retention minimum ${quote(days || 'DAYS')}`}
      onClose={it.onClose}
    >
      <Days
        label={t('Days that every entry is kept at least')}
        hint={t('Whatever an organization sets, and has set. 0: no minimum')}
        least={0}
        required
        value={days}
        onChange={setDays}
      />
    </FormDialog>
  )
}

/** A day in the reader's own time zone as milliseconds; undefined for none. */
const dayMs = (text: string) => (text === '' ? undefined : new Date(`${text}T00:00`).getTime())
const stamp = (ms: number) => new Date(ms).toISOString().replace('.000Z', 'Z')

export function PlaceHold({ onClose }: { readonly onClose: () => void }) {
  const { t } = useWords()
  const [organizationId, setOrganization] = useState('')
  const [subject, setSubject] = useState('')
  const [days, setDays] = useState({ from: '', until: '', ends: '' })
  const [reason, setReason] = useState('')
  const [fromMs, untilMs, endsAtMs] = [dayMs(days.from), dayMs(days.until), dayMs(days.ends)]
  const told = [
    organizationId !== '' && ` --organization ${quote(organizationId)}`,
    subject !== '' && ` --subject ${quote(subject)}`,
    fromMs !== undefined && ` --since ${stamp(fromMs)}`,
    untilMs !== undefined && ` --until ${stamp(untilMs)}`,
    endsAtMs !== undefined && ` --ends ${stamp(endsAtMs)}`,
  ]
  const day = (name: keyof typeof days, label: string, hint?: string) => (
    <Field label={label} hint={hint}>
      {(ids) => (
        <input
          {...ids}
          type="date"
          value={days[name]}
          onChange={(event) => setDays({ ...days, [name]: event.target.value })}
        />
      )}
    </Field>
  )
  return (
    <FormDialog
      title={t('Place a legal hold')}
      label={t('Place')}
      method="POST"
      path="/api/audit/holds"
      body={{
        reason,
        ...(organizationId !== '' && { organizationId }),
        ...(subject !== '' && { subject }),
        ...(fromMs !== undefined && { fromMs }),
        ...(untilMs !== undefined && { untilMs }),
        ...(endsAtMs !== undefined && { endsAtMs }),
      }}
      done={t('The hold is placed')}
      command={`gatehouse audit hold place --reason ${quote(reason || 'WHY')}${told.filter(Boolean).join('')}`}
      onClose={onClose}
    >
      <p className="soft">
        {t(
          'What it covers is neither removed nor erased, whatever its retention. Name at least one of these; all must fit.',
        )}
      </p>
      <Field label={t('Organization')}>
        {(ids) => (
          <Pick {...ids} list="organizations" type="Organization" value={organizationId} onChange={setOrganization} />
        )}
      </Field>
      <Field label={t('Person')} hint={t('What they did, and what was done to them')}>
        {(ids) => <Pick {...ids} list="users" type="User" value={subject} onChange={setSubject} />}
      </Field>
      <div className="filters">
        {day('from', t('From'))}
        {day('until', t('Until'), t('Not included'))}
        {day('ends', t('Ends by itself'), t('Empty: until it is released'))}
      </div>
      <Field label={t('Why')} hint={t('For the record and the next review')}>
        {(ids) => (
          <input
            {...ids}
            required
            minLength={3}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      </Field>
    </FormDialog>
  )
}

/** Ends a hold now, with the reason that the record asks for. */
export function ReleaseHold({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const { t } = useWords()
  const [reason, setReason] = useState('')
  return (
    <FormDialog
      title={t('Release')}
      label={t('Release')}
      method="POST"
      path={`/api/audit/holds/${encodeURIComponent(id)}/release`}
      body={{ reason }}
      done={t('The hold is released')}
      command={`gatehouse audit hold release ${quote(id)} --reason ${quote(reason || 'WHY')}`}
      onClose={onClose}
    >
      <p>{t('What it kept may be removed and erased again, when its time is over.')}</p>
      <Field label={t('Why')}>
        {(ids) => (
          <input
            {...ids}
            required
            minLength={3}
            maxLength={500}
            value={reason}
            onChange={(event) => setReason(event.target.value)}
          />
        )}
      </Field>
    </FormDialog>
  )
}
