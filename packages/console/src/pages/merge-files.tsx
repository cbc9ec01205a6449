import { useState } from 'react'
import { Dialog } from '../parts/dialog.tsx'
import { useWords } from '../words/words.tsx'
import { type Merged, mergeOf } from './draft.ts'

type Files = Readonly<Record<string, string>>

/** Files that two people changed at once: what only one of them changed is taken, and of the others one chooses. An empty file is none. */
export function MergeFiles(it: {
  readonly before: Files
  readonly mine: Files
  readonly theirs: Files
  readonly by: string
  readonly onTake: (files: Files) => void
  readonly onClose: () => void
}) {
  const { t } = useWords()
  const names = Object.fromEntries([...Object.keys(it.theirs), ...Object.keys(it.mine)].map((name) => [name, '']))
  const merged = mergeOf(it.before, { ...names, ...it.mine }, it.theirs)
  const [chosen, setChosen] = useState<Readonly<Record<string, 'mine' | 'theirs'>>>({})
  const takes = (one: Merged) => chosen[one.name] ?? (one.clash || one.mine !== one.before ? 'mine' : 'theirs')
  return (
    <Dialog title={t('Two people changed this')} onClose={it.onClose} wide>
      <p>{t('{name} saved after you opened it. Both changes can be kept.', { name: it.by })}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          const kept = merged.map((one) => [one.name, takes(one) === 'mine' ? one.mine : one.theirs])
          const files: Record<string, string> = { ...it.theirs, ...Object.fromEntries(kept) }
          it.onTake(Object.fromEntries(Object.entries(files).filter(([, text]) => text !== '')))
        }}
      >
        {merged.map((one) => (
          <fieldset key={one.name} className="merge">
            <legend>
              <code>{one.name}</code> {one.clash && <span className="state warn">{t('both changed it')}</span>}
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
                  {side === 'mine' ? t('Yours') : t('Theirs')}: <q>{newIn(one.before, one[side])}</q>
                </span>
              </label>
            ))}
          </fieldset>
        ))}
        <p className="actions">
          <button type="submit" className="main">
            {t('Go on with both')}
          </button>
          <button type="button" className="quiet" onClick={it.onClose}>
            {t('Go on editing')}
          </button>
        </p>
      </form>
    </Dialog>
  )
}

/** The lines that were not there before, a few of them: enough to know which text it is. */
function newIn(before: string, after: string): string {
  const known = new Set(before.split('\n'))
  const lines = after.split('\n').filter((line) => line.trim() !== '' && !known.has(line))
  return lines.length > 4 ? `${lines.slice(0, 4).join('\n')} …` : lines.join('\n')
}
