import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useEffect, useState } from 'react'
import { ApiError, get, newKey, send } from '../api/client.ts'
import type { FeedEvent, Page } from '../api/types.ts'
import { holdPage } from '../app/router.tsx'
import { Controls } from '../parts/form.tsx'
import { Merge } from '../parts/merge.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { useTell } from '../parts/toast.tsx'
import { useWords } from '../words/words.tsx'
import { bodyOf, changedIn, type Draft, draftOf, type Merged, mergeOf } from './draft.ts'
import type { Item, Noun } from './noun.ts'

/** Which field a refusal of the API is about, by its pointer. */
export function wrongOf(error: unknown): Record<string, string> {
  const errors = error instanceof ApiError ? (error.problem.errors ?? []) : []
  return Object.fromEntries(
    errors.map(({ pointer, detail }) => [pointer.replace(/^\/(body\/)?/, '').replaceAll('/', '.'), detail]),
  )
}

/** Asks before unsaved work is left, inside the console and when the tab closes. */
export function useUnsaved(unsaved: boolean): void {
  const { t } = useWords()
  useEffect(() => {
    if (!unsaved) return
    const release = holdPage(() => confirm(t('You have not saved what you typed. Leave all the same?')))
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => {
      release()
      removeEventListener('beforeunload', warn)
    }
  }, [unsaved, t])
}

/** The form of one thing. What was typed outlives everything: refusals, a lost connection, an ended session, another's save. */
export function Edit({
  noun,
  item,
  readOnly,
  below,
}: {
  readonly noun: Noun
  readonly item: Item
  readonly readOnly: boolean
  /** Drawn below, of the thing as it would be saved. */
  readonly below?: (typed: Readonly<Record<string, unknown>>) => ReactNode
}) {
  const { t } = useWords()
  const client = useQueryClient()
  const tell = useTell()
  const fields = noun.fields.filter((field) => !field.once)
  const [base, setBase] = useState(item)
  const before = draftOf(fields, base)
  const [draft, setDraft] = useState<Draft>(before)
  const [other, setOther] = useState<{ item: Item; merged: Merged[]; by: string | undefined }>()
  const [once, setOnce] = useState(newKey)
  const changed = changedIn(before, draft)
  useUnsaved(changed.length > 0)
  const path = `/api/${noun.path}/${encodeURIComponent(item.id)}`

  // Something newer arrived while nothing was typed: show it.
  useEffect(() => {
    if (item.revision <= base.revision || changed.length > 0) return
    setBase(item)
    setDraft(draftOf(fields, item))
  }, [item, base, changed.length, fields])

  const saving = useMutation({
    mutationFn: ({ draft, base }: { draft: Draft; base: Item }) => {
      const names = changedIn(draftOf(fields, base), draft)
      return send<Item>('PATCH', path, { body: bodyOf(fields, draft, names, base), ifRevision: base.revision, once })
    },
    onSuccess: ({ body }) => {
      setBase(body)
      setDraft(draftOf(fields, body))
      setOnce(newKey())
      setOther(undefined)
      void client.invalidateQueries()
      tell(t('Saved'))
    },
    onError: async (error, sent) => {
      setOnce(newKey())
      if (!(error instanceof ApiError) || error.problem.code !== 'web.revision_conflict') return
      const theirs = await get<Item>(path)
      const events = await get<Page<FeedEvent>>(`/api/events?objectId=${encodeURIComponent(item.id)}&limit=1`).catch(
        () => undefined,
      )
      const merged = mergeOf(before, sent.draft, draftOf(fields, theirs))
      setOther({ item: theirs, merged, by: events?.items[0]?.actor.name })
    },
  })
  const conflict = saving.error instanceof ApiError && saving.error.problem.code === 'web.revision_conflict'
  return (
    <>
      <form
        className="edit"
        onSubmit={(event) => {
          event.preventDefault()
          saving.mutate({ draft, base })
        }}
      >
        <Controls
          fields={fields}
          draft={draft}
          wrong={wrongOf(saving.error)}
          readOnly={readOnly}
          organizationId={item.organizationId as string | undefined}
          onChange={(name, value) => setDraft({ ...draft, [name]: value })}
        />
        {!conflict && <ProblemNote error={saving.error} />}
        {!readOnly && (
          <p className="actions">
            <button type="submit" className="main" disabled={changed.length === 0 || saving.isPending}>
              {saving.isPending ? t('Saving…') : t('Save')}
            </button>
            {changed.length > 0 && (
              <button type="button" className="quiet" onClick={() => setDraft(before)}>
                {t('Undo what I typed')}
              </button>
            )}
          </p>
        )}
      </form>
      {below?.({ ...item, ...bodyOf(fields, draft, changed, base) })}
      {/* Outside the form: a form's submit goes up through what it is drawn in. */}
      {other !== undefined && (
        <Merge
          fields={fields}
          merged={other.merged}
          theirs={draftOf(fields, other.item)}
          by={other.by}
          onClose={() => setOther(undefined)}
          onSave={(kept) => {
            setBase(other.item)
            setDraft(kept)
            saving.mutate({ draft: kept, base: other.item })
          }}
        />
      )}
    </>
  )
}
