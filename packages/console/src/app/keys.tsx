import { type ReactNode, useEffect, useState } from 'react'
import { Dialog } from '../parts/dialog.tsx'
import { type Sentence, useWords } from '../words/words.tsx'
import { go } from './router.tsx'

const letters: Record<string, string> = {
  h: '/',
  o: '/organizations',
  u: '/users',
  g: '/groups',
  m: '/machines',
  a: '/applications',
  r: '/grants',
  c: '/can-she',
  d: '/decisions',
  e: '/events',
  k: '/keys',
  s: '/settings',
}

/** Keys of the whole console: `/` searches, `g` and a letter goes somewhere, `?` tells them all. */
export function useKeys(entries: readonly { readonly path: string; readonly label: Sentence }[]): ReactNode {
  const { t } = useWords()
  const [shown, setShown] = useState(false)
  useEffect(() => {
    let afterG = 0
    const press = (event: KeyboardEvent) => {
      const target = event.composedPath()[0] as HTMLElement
      const types = target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)
      if (types || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]') !== null)
        return
      if (Date.now() - afterG < 1_500) {
        afterG = 0
        const path = letters[event.key]
        if (path !== undefined && entries.some((entry) => entry.path === path)) go(path)
        return
      }
      if (event.key === 'g') afterG = Date.now()
      else if (event.key === '?') setShown(true)
      else if (event.key === '/') {
        const search = document.querySelector<HTMLElement>('[data-search]')
        if (search === null) return
        event.preventDefault()
        search.focus()
      }
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [entries])
  if (!shown) return null
  const known = Object.entries(letters).flatMap(([letter, path]) => {
    const entry = entries.find((one) => one.path === path)
    return entry === undefined ? [] : [[`g ${letter}`, t(entry.label)] as const]
  })
  return (
    <Dialog title={t('Keys of this console')} onClose={() => setShown(false)}>
      <dl className="facts">
        {[['/', t('Search')], ['j k ↑ ↓', t('Move in a list')], ['Enter', t('Open')], ...known].map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <p className="actions">
        <button type="button" className="main" onClick={() => setShown(false)}>
          {t('Close')}
        </button>
      </p>
    </Dialog>
  )
}
