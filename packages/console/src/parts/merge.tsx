import { useState } from 'react'
import type { Draft, Merged } from '../pages/draft.ts'
import type { FieldDef } from '../pages/noun.ts'
import { useWords } from '../words/words.tsx'
import { Dialog } from './dialog.tsx'

/** A picture is long text to nobody's use. */
const short = (text: string) => (text.length > 500 ? `${text.slice(0, 40)}…` : text)

/** Somebody else saved meanwhile: both changes side by side. Where only one changed a field, it is taken; else one chooses. */
export function Merge(it: {
  readonly fields: readonly FieldDef[]
  readonly merged: readonly Merged[]
  readonly theirs: Draft
  readonly by: string | undefined
  readonly onSave: (draft: Draft) => void
  readonly onClose: () => void
}) {
  const { t } = useWords()
  const [chosen, setChosen] = useState<Readonly<Record<string, 'mine' | 'theirs'>>>({})
  const labelOf = (name: string) => {
    const field = it.fields.find((one) => one.name === name)
    return field === undefined ? name : t(field.label)
  }
  const takes = (one: Merged): 'mine' | 'theirs' =>
    chosen[one.name] ?? (one.clash || one.mine !== one.before ? 'mine' : 'theirs')
  return (
    <Dialog title={t('Two people changed this')} onClose={it.onClose} wide>
      <p>
        {it.by === undefined
          ? t('It was saved by somebody else after you opened it. Both changes can be kept.')
          : t('{name} saved after you opened it. Both changes can be kept.', { name: it.by })}
      </p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const kept = it.merged.map((one) => [one.name, takes(one) === 'mine' ? one.mine : one.theirs])
          it.onSave({ ...it.theirs, ...Object.fromEntries(kept) })
        }}
      >
        {it.merged.map((one) => (
          <fieldset key={one.name} className="merge">
            <legend>
              {labelOf(one.name)} {one.clash && <span className="state warn">{t('both changed it')}</span>}
            </legend>
            {(['mine', 'theirs'] as const).map((side) => (
              <label key={side} className="check">
                <input
                  type="radio"
                  name={`merge-${one.name}`}
                  checked={takes(one) === side}
                  onChange={() => setChosen({ ...chosen, [one.name]: side })}
                />
                <span>
                  {side === 'mine' ? t('Yours') : t('Theirs')}: <q>{short(one[side])}</q>
                </span>
              </label>
            ))}
          </fieldset>
        ))}
        <p className="actions">
          <button type="submit" className="main">
            {t('Save both')}
          </button>
          <button type="button" className="quiet" onClick={it.onClose}>
            {t('Go on editing')}
          </button>
        </p>
      </form>
    </Dialog>
  )
}
