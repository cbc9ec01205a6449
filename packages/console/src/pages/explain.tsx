import { useMutation } from '@tanstack/react-query'
import { useEffect } from 'react'
import { newKey, send } from '../api/client.ts'
import { deployment } from '../api/rights.ts'
import type { Explained } from '../api/types.ts'
import { setInAddress, usePlace } from '../app/router.tsx'
import { Pick } from '../parts/pick.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Field, quote } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { Answer } from './answer.tsx'

const lists: Record<string, string> = {
  User: 'users',
  Group: 'groups',
  Machine: 'machines',
  Application: 'applications',
  Organization: 'organizations',
}
const fields = ['application', 'subjectType', 'subjectId', 'action', 'resourceType', 'resourceId', 'context'] as const
type Form = Readonly<Record<(typeof fields)[number], string>>

/** "Can she?": a question to the policies, its answer, the trace, and the nearest change that would turn it. */
export default function ExplainPage() {
  const { t } = useWords()
  const { query } = usePlace()
  const form = Object.fromEntries(fields.map((name) => [name, query.get(name) ?? ''])) as unknown as Form
  const [subjectType, resourceType] = [
    form.subjectType || 'User',
    form.resourceType || (form.application ? '' : 'Organization'),
  ]
  const set = (values: Partial<Form>) => setInAddress(values)
  const asking = useMutation({
    mutationFn: async () => {
      const body = {
        ...(form.application && { applicationId: form.application }),
        subject: { type: subjectType, id: form.subjectId },
        action: form.action,
        resource: { type: resourceType, id: form.resourceId },
        ...(form.context.trim() !== '' && { context: JSON.parse(form.context) as unknown }),
      }
      return (await send<Explained>('POST', '/api/decisions/explain', { body, once: newKey() })).body
    },
  })
  const { mutate } = asking
  const complete = form.subjectId !== '' && form.action !== '' && form.resourceId !== '' && resourceType !== ''
  const contextIsRead = isJson(form.context)
  const key = fields.map((name) => form[name]).join('\n')
  // A question that came whole by its address (from the journal, from a colleague) is asked at once.
  // biome-ignore lint/correctness/useExhaustiveDependencies: asked when it changes, not when it could be asked
  useEffect(() => {
    if (!complete || !contextIsRead) return
    const timer = setTimeout(() => mutate(), 250)
    return () => clearTimeout(timer)
  }, [key])
  const answer = asking.data
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('Can she?')}</h1>
      </header>
      <p className="lead">
        {t('Ask the policies in force, as anybody, about anything. Nothing is changed by asking.')}
      </p>
      <form
        className="question card"
        onSubmit={(event) => {
          event.preventDefault()
          mutate()
        }}
      >
        <Field label={t('Policies of')}>
          {(ids) => (
            <Pick
              {...ids}
              placeholder={t('Gatehouse itself')}
              list="applications"
              type="Application"
              value={form.application}
              onChange={(application) => set({ application })}
            />
          )}
        </Field>
        <Named
          label={t('Who')}
          type={subjectType}
          id={form.subjectId}
          onChange={(type, id) => set({ subjectType: type, subjectId: id })}
        />
        <Field label={t('Action')}>
          {(ids) => (
            <input
              {...ids}
              required
              placeholder={form.application ? 'read' : 'updateUser'}
              value={form.action}
              spellCheck={false}
              autoComplete="off"
              onChange={(event) => set({ action: event.target.value })}
            />
          )}
        </Field>
        <Named
          label={t('On what')}
          type={resourceType}
          id={form.resourceId}
          onChange={(type, id) => set({ resourceType: type, resourceId: id })}
        />
        <Field label={t('Context as JSON')} wrong={contextIsRead ? undefined : t('This is not JSON yet')}>
          {(ids) => (
            <textarea
              {...ids}
              rows={2}
              placeholder='{"mfa": true}'
              value={form.context}
              spellCheck={false}
              onChange={(event) => set({ context: event.target.value })}
            />
          )}
        </Field>
        <p className="actions">
          <button type="submit" className="main" disabled={!complete || !contextIsRead || asking.isPending}>
            {t('Ask')}
          </button>
        </p>
      </form>
      <ProblemNote error={asking.error} />
      {answer !== undefined && <Answer of={answer} applicationId={form.application} />}
      <Cli
        command={`gatehouse decide ${quote(`${subjectType}:${form.subjectId || 'ID'}`)} ${quote(form.action || 'ACTION')} ${quote(`${resourceType || 'TYPE'}:${form.resourceId || 'ID'}`)}${form.application && ` --app ${form.application}`}`}
      />
    </>
  )
}

function isJson(text: string): boolean {
  if (text.trim() === '') return true
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function Named(it: {
  readonly label: string
  readonly type: string
  readonly id: string
  readonly onChange: (type: string, id: string) => void
}) {
  const { t } = useWords()
  const list = lists[it.type]
  return (
    <fieldset className="field">
      <legend>{it.label}</legend>
      <div className="filters">
        <input
          aria-label={`${it.label}: ${t('Type')}`}
          placeholder={t('Type')}
          list="entity-types"
          value={it.type}
          spellCheck={false}
          onChange={(event) => it.onChange(event.target.value, '')}
        />
        {list === undefined ? (
          <input
            aria-label={`${it.label}: ${t('Id')}`}
            placeholder={t('Id')}
            value={it.id}
            spellCheck={false}
            onChange={(event) => it.onChange(it.type, event.target.value)}
          />
        ) : (
          <Pick
            label={`${it.label}: ${t('Name')}`}
            placeholder={t('Name')}
            list={list}
            type={it.type}
            value={it.id}
            onChange={(id) => it.onChange(it.type, id)}
          />
        )}
      </div>
      <datalist id="entity-types">
        {[...Object.keys(lists), deployment.type].map((type) => (
          <option key={type} value={type} />
        ))}
      </datalist>
    </fieldset>
  )
}
