import type { Draft } from '../pages/draft.ts'
import type { FieldDef } from '../pages/noun.ts'
import { useWords } from '../words/words.tsx'
import { Pick } from './pick.tsx'
import { Picture } from './picture.tsx'
import { Field } from './small.tsx'

/** The controls of some fields. Draws what it is given and tells of every change. */
export function Controls(it: {
  readonly fields: readonly FieldDef[]
  readonly draft: Draft
  readonly wrong?: Readonly<Record<string, string>>
  readonly readOnly?: boolean
  readonly organizationId?: string | undefined
  readonly onChange: (name: string, value: string) => void
}) {
  const { t } = useWords()
  return (
    <div className="controls">
      {it.fields.map((field) => (
        <Control
          key={field.name}
          {...it}
          field={field}
          label={field.required ? t(field.label) : t(field.label)}
          value={it.draft[field.name] ?? ''}
          set={(value) => it.onChange(field.name, value)}
        />
      ))}
    </div>
  )
}

function Control(it: {
  readonly field: FieldDef
  readonly label: string
  readonly value: string
  readonly wrong?: Readonly<Record<string, string>>
  readonly readOnly?: boolean
  readonly organizationId?: string | undefined
  readonly set: (value: string) => void
}) {
  const { t } = useWords()
  const { field, value, set, readOnly } = it
  const hint = field.hint === undefined ? undefined : t(field.hint)
  if (field.kind === 'check')
    return (
      <label className="check field">
        <input
          type="checkbox"
          checked={value === 'true'}
          disabled={readOnly}
          onChange={(event) => set(String(event.target.checked))}
        />
        {it.label}
      </label>
    )
  if (field.kind === 'checks') {
    const chosen = value.split('\n')
    return (
      <fieldset className="field">
        <legend>{it.label}</legend>
        {field.options?.map((option) => (
          <label key={option} className="check">
            <input
              type="checkbox"
              checked={chosen.includes(option)}
              disabled={readOnly}
              onChange={(event) => {
                const next = event.target.checked ? [...chosen, option] : chosen.filter((one) => one !== option)
                set((field.options ?? []).filter((one) => next.includes(one)).join('\n'))
              }}
            />
            {t(option as never)}
          </label>
        ))}
      </fieldset>
    )
  }
  return (
    <Field label={it.label} hint={hint} wrong={it.wrong?.[field.name]}>
      {(ids) => {
        const common = { ...ids, value, readOnly, required: field.required }
        if (field.kind === 'user')
          return (
            <Pick {...ids} list="users" type="User" value={value} organizationId={it.organizationId} onChange={set} />
          )
        if (field.kind === 'select')
          return (
            <select
              {...ids}
              value={value}
              disabled={readOnly}
              required={field.required}
              onChange={(event) => set(event.target.value)}
            >
              <option value="">{field.required ? t('Choose…') : t('As usual')}</option>
              {field.options?.map((option) => (
                <option key={option} value={option}>
                  {t(option as never)}
                </option>
              ))}
            </select>
          )
        if (field.kind === 'picture') return <Picture ids={ids} value={value} readOnly={readOnly} set={set} />
        if (field.kind === 'lines' || field.kind === 'pairs' || field.kind === 'texts' || field.kind === 'routes')
          return (
            <textarea
              {...common}
              rows={Math.min(8, Math.max(2, value.split('\n').length + 1))}
              spellCheck={false}
              onChange={(event) => set(event.target.value)}
            />
          )
        return (
          <input
            {...common}
            inputMode={field.kind === 'number' ? 'numeric' : undefined}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => set(event.target.value)}
          />
        )
      }}
    </Field>
  )
}
