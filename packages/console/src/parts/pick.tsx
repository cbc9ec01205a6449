import { useQuery } from '@tanstack/react-query'
import { useId, useState } from 'react'
import { get, pathWith } from '../api/client.ts'
import type { Page } from '../api/types.ts'
import { useWords } from '../words/words.tsx'
import { useName } from './small.tsx'

interface Named {
  readonly id: string
  readonly name?: string
  readonly username?: string
  readonly displayName?: string
}

/** Chooses one thing by typing the beginning of its name: a combobox (WAI-ARIA) over a list of the API, of any length. */
export function Pick(it: {
  readonly id?: string
  readonly label?: string
  readonly list: string
  readonly type: string
  readonly value: string
  readonly organizationId?: string | undefined
  readonly placeholder?: string
  readonly onChange: (id: string) => void
}) {
  const { t } = useWords()
  const listId = useId()
  const name = useName({ type: it.value === '' ? '' : it.type, id: it.value })
  const [typed, setTyped] = useState<string>()
  const [at, setAt] = useState(0)
  const open = typed !== undefined
  const found = useQuery({
    queryKey: ['pick', it.list, typed, it.organizationId],
    queryFn: ({ signal }) =>
      get<Page<Named>>(
        pathWith(`/api/${it.list}`, { prefix: typed, limit: 20, organizationId: it.organizationId }),
        signal,
      ),
    enabled: open,
    placeholderData: (former) => former,
  })
  const items = found.data?.items ?? []
  const choose = (item: Named | undefined) => {
    it.onChange(item?.id ?? '')
    setTyped(undefined)
  }
  return (
    <div className="pick">
      <input
        id={it.id}
        role="combobox"
        aria-label={it.label}
        aria-expanded={open}
        aria-controls={listId}
        aria-autocomplete="list"
        aria-activedescendant={open && items[at] !== undefined ? `${listId}-${at}` : undefined}
        placeholder={it.placeholder}
        autoComplete="off"
        spellCheck={false}
        value={typed ?? (it.value === '' ? '' : name)}
        onChange={(event) => {
          setTyped(event.target.value)
          setAt(0)
        }}
        onFocus={(event) => event.target.select()}
        onBlur={() => {
          if (typed === '') it.onChange('')
          setTyped(undefined)
        }}
        onKeyDown={(event) => {
          if (event.key === 'ArrowDown') {
            event.preventDefault()
            if (!open) setTyped('')
            else setAt(Math.min(items.length - 1, at + 1))
          } else if (event.key === 'ArrowUp') {
            event.preventDefault()
            setAt(Math.max(0, at - 1))
          } else if (event.key === 'Enter' && open) {
            event.preventDefault()
            choose(typed === '' ? undefined : items[at])
          } else if (event.key === 'Escape') setTyped(undefined)
        }}
      />
      <ul id={listId} role="listbox" aria-label={it.label ?? t('Matches')} hidden={!open}>
        {open &&
          items.map((item, index) => (
            <li
              key={item.id}
              id={`${listId}-${index}`}
              role="option"
              aria-selected={index === at}
              onMouseDown={(event) => {
                event.preventDefault()
                choose(item)
              }}
            >
              {item.username ?? item.name} <span className="soft">{item.displayName}</span>
            </li>
          ))}
      </ul>
    </div>
  )
}
