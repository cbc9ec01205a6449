import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { ApiError, newKey, send } from '../api/client.ts'
import type { Activation, Placed, TestResult, Validation } from '../api/types.ts'
import { Dialog } from '../parts/dialog.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Field, State } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'

type Files = Readonly<Record<string, string>>

/** What the API finds in the files as they are typed. */
export function Findings({
  validation,
  checking,
  onGo,
}: {
  readonly validation: Validation | undefined
  readonly checking: boolean
  readonly onGo: (at: Placed | TestResult) => void
}) {
  const { t } = useWords()
  if (validation === undefined) return null
  const { problems, warnings, tests, dangling = [] } = validation
  const failed = tests.filter(({ passed }) => !passed)
  return (
    <section className="card" aria-live="polite" aria-busy={checking}>
      <h2>
        {t('Checks')} <State of={validation.valid ? 'ok' : 'failed'} />
      </h2>
      {[...problems, ...warnings].map((one) => (
        <p key={`${one.file}${one.line}${one.column}${one.says}`} className="line">
          <span>
            <button type="button" className="quiet small" onClick={() => onGo(one)}>
              {one.file}:{one.line}:{one.column}
            </button>{' '}
            {one.says} <span className="soft">{one.help}</span>
          </span>
        </p>
      ))}
      {dangling.map((one) => (
        <p key={one.id} className="wrong">
          {t('A grant of the role {role} would have no role any more', { role: one.role })}
        </p>
      ))}
      <p>{t('{passed} of {count} tests pass', { passed: tests.length - failed.length, count: tests.length })}</p>
      {failed.map((test) => (
        <p key={test.file + test.line + test.name} className="line">
          <span>
            <State of="failed" />{' '}
            <button type="button" className="quiet small" onClick={() => onGo(test)}>
              {test.file}:{test.line}
            </button>{' '}
            {test.name}: {test.decision} {test.because.join(', ')}
          </span>
        </p>
      ))}
    </section>
  )
}

export function NewFile({
  names,
  onMake,
}: {
  readonly names: readonly string[]
  readonly onMake: (name: string) => void
}) {
  const { t } = useWords()
  const [name, setName] = useState('')
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (name !== '' && !names.includes(name)) onMake(name)
        setName('')
      }}
    >
      <input
        aria-label={t('Name of a new file')}
        placeholder="tests/first.yaml"
        value={name}
        spellCheck={false}
        onChange={(event) => setName(event.target.value)}
      />
    </form>
  )
}

export function Apply(it: {
  readonly name: string
  readonly path: string
  readonly files: Files
  readonly number: number | undefined
  readonly validation: Validation | undefined
  readonly onClose: () => void
  readonly onDone: (activation: Activation) => void
  /** Somebody else put a bundle in force meanwhile: it is a merge, no error. */
  readonly onOther: () => void
}) {
  const { t } = useWords()
  const [comment, setComment] = useState('')
  const [once] = useState(newKey)
  const applying = useMutation({
    mutationFn: () =>
      send<Activation>('PUT', it.path, {
        body: { files: it.files, ...(comment && { comment }) },
        ifRevision: it.number,
        once,
      }),
    onSuccess: ({ body }) => {
      it.onDone(body)
      it.onClose()
    },
    onError: (error) => {
      const code = error instanceof ApiError ? error.problem.code : ''
      if (code === 'policies.activated_meanwhile' || code === 'web.revision_conflict') it.onOther()
    },
  })
  const policies = it.validation?.diff?.policies ?? []
  return (
    <Dialog title={t('Put in force in {name}', { name: it.name })} onClose={it.onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          applying.mutate()
        }}
      >
        <p>
          {t(
            'Decisions follow it at once, on every node. The former bundle stays in the history: one press puts it back.',
          )}
        </p>
        <ul>
          {policies.map((one) => (
            <li key={one.id}>
              <code>{one.id}</code> ({one.effect}): {t(one.change as 'added')}
            </li>
          ))}
        </ul>
        <Field label={t('Why (for the record)')}>
          {(ids) => (
            <input {...ids} value={comment} maxLength={500} onChange={(event) => setComment(event.target.value)} />
          )}
        </Field>
        <ProblemNote error={applying.error} />
        <p className="actions">
          <button type="submit" className="main" disabled={applying.isPending}>
            {t('Put in force')}
          </button>
          <button type="button" className="quiet" onClick={it.onClose}>
            {t('Cancel')}
          </button>
        </p>
      </form>
    </Dialog>
  )
}
