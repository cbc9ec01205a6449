import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { newKey, send } from '../api/client.ts'
import { useWords } from '../words/words.tsx'
import { Dialog } from './dialog.tsx'
import { ProblemNote } from './problem.tsx'
import { Field } from './small.tsx'
import { useTell } from './toast.tsx'

export interface Act {
  readonly label: string
  readonly method: string
  readonly path: string
  readonly body?: unknown
  readonly ifRevision?: number
  readonly danger?: boolean
  /** What it does and whether it can be undone, in words: asked before it is done. */
  readonly asks: string
  /** For what cannot be undone: the name to type. */
  readonly typed?: string
  /** What takes it back, offered for a while after it is done. */
  readonly undo?: { readonly method: string; readonly path: string }
  readonly done: string
  /** What the answer says beside it. */
  readonly told?: (body: unknown) => string
  /** Whether a reason may be given, or must be. */
  readonly reason?: boolean | 'required'
  readonly after?: (body: unknown) => void
  readonly more?: ReactNode
}

/** A button that does one thing after asking. */
export function ActButton({ act }: { readonly act: Act }) {
  const [asked, setAsked] = useState(false)
  return (
    <>
      <button type="button" className={act.danger ? 'danger' : 'quiet'} onClick={() => setAsked(true)}>
        {act.label}
      </button>
      {asked && <Ask act={act} onClose={() => setAsked(false)} />}
    </>
  )
}

function Ask({ act, onClose }: { readonly act: Act; readonly onClose: () => void }) {
  const { t } = useWords()
  const client = useQueryClient()
  const tell = useTell()
  const [typed, setTyped] = useState('')
  const [reason, setReason] = useState('')
  const [once] = useState(newKey)
  const doing = useMutation({
    mutationFn: () => {
      const given = reason === '' ? act.body : { ...(act.body as object | undefined), reason }
      const body = act.reason && given === undefined ? {} : given
      return send<unknown>(act.method, act.path, { body, ifRevision: act.ifRevision, once })
    },
    onSuccess: ({ body }) => {
      void client.invalidateQueries()
      const { undo } = act
      const takeBack = undo && {
        label: t('Undo'),
        act: () =>
          void send(undo.method, undo.path, { body: {} }).then(
            () => client.invalidateQueries(),
            (error) => tell(error instanceof Error ? error.message : String(error)),
          ),
      }
      tell(act.told === undefined ? act.done : `${act.done} (${act.told(body)})`, takeBack)
      onClose()
      act.after?.(body)
    },
  })
  return (
    <Dialog title={act.label} onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          doing.mutate()
        }}
      >
        <p>{act.asks}</p>
        {act.more}
        {act.reason && (
          <Field label={t('Reason (for the record)')}>
            {(ids) => (
              <input
                {...ids}
                value={reason}
                required={act.reason === 'required'}
                maxLength={500}
                onChange={(event) => setReason(event.target.value)}
              />
            )}
          </Field>
        )}
        {act.typed !== undefined && (
          <Field label={t('Type {name} to confirm', { name: act.typed })}>
            {(ids) => (
              <input {...ids} value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} />
            )}
          </Field>
        )}
        <ProblemNote error={doing.error} />
        <p className="actions">
          <button
            type="submit"
            className={act.danger ? 'danger' : 'main'}
            disabled={doing.isPending || (act.typed !== undefined && typed !== act.typed)}
          >
            {act.label}
          </button>
          <button type="button" className="quiet" onClick={onClose}>
            {t('Cancel')}
          </button>
        </p>
      </form>
    </Dialog>
  )
}
