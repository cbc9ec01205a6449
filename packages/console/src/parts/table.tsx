import { useInfiniteQuery } from '@tanstack/react-query'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type CSSProperties, type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react'
import { get, pathWith } from '../api/client.ts'
import type { Page } from '../api/types.ts'
import { go } from '../app/router.tsx'
import { useWords } from '../words/words.tsx'
import { ProblemNote } from './problem.tsx'

export interface Column<T> {
  readonly name: string
  readonly show: (item: T) => ReactNode
  /** Left out where the page is narrow. */
  readonly wide?: boolean
}

export interface TableProps<T> {
  readonly label: string
  /** The list operation, as `/api/users`. */
  readonly from: string
  readonly query: Readonly<Record<string, string | undefined>>
  readonly columns: readonly Column<T>[]
  readonly keyOf: (item: T) => string | number
  /** Where a row leads. */
  readonly to?: ((item: T) => string) | undefined
  readonly empty: ReactNode
  /** Whether something is searched for, so that an empty list means that nothing fits. */
  readonly searched?: boolean
  readonly refreshMs?: number
}

/** The columns of the grid, on a wide page and on a narrow one. */
function shapeOf(columns: readonly Column<never>[]): CSSProperties {
  const rest = (count: number) => ` minmax(0, 1fr)`.repeat(count - 1)
  const narrow = columns.filter(({ wide }) => !wide).length
  return {
    '--wide': `minmax(10rem, 2fr)${rest(columns.length)}`,
    '--narrow': `minmax(7rem, 2fr)${rest(narrow)}`,
  } as CSSProperties
}

const rowHeight = 41
const pageSize = 200

/** A list of any length: pages are read as they come near, and only the rows in sight exist. Arrow keys move, Enter opens. */
export function Table<T>(it: TableProps<T>) {
  const { t, number } = useWords()
  const box = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState(0)
  const pages = useInfiniteQuery({
    queryKey: ['list', it.from, it.query],
    queryFn: ({ pageParam, signal }) =>
      get<Page<T>>(pathWith(it.from, { ...it.query, limit: pageSize, cursor: pageParam }), signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next,
    ...(it.refreshMs !== undefined && { refetchInterval: it.refreshMs }),
  })
  const { data } = pages
  const items = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data])
  const rows = useVirtualizer({
    count: items.length,
    getScrollElement: () => box.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  })
  const seen = rows.getVirtualItems()
  const lastSeen = seen.at(-1)?.index ?? 0
  const { hasNextPage, isFetching, fetchNextPage } = pages
  useEffect(() => {
    if (hasNextPage && !isFetching && lastSeen > items.length - 60) void fetchNextPage()
  }, [hasNextPage, isFetching, fetchNextPage, lastSeen, items.length])

  const move = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: 12,
      PageUp: -12,
      Home: -items.length,
      End: items.length,
    }
    const step = steps[event.key]
    if (step !== undefined) {
      event.preventDefault()
      const next = Math.max(0, Math.min(items.length - 1, at + step))
      setAt(next)
      rows.scrollToIndex(next)
    }
    const item = items[at]
    if (event.key === 'Enter' && item !== undefined && it.to !== undefined && event.target === event.currentTarget)
      go(it.to(item))
  }
  if (pages.error !== null) return <ProblemNote error={pages.error} />
  if (pages.isPending)
    return (
      <div className="loading" role="status">
        {t('Loading…')}
      </div>
    )
  if (items.length === 0)
    return it.searched ? <p className="empty soft">{t('Nothing fits. Change what you search for.')}</p> : it.empty
  const shape = shapeOf(it.columns)
  return (
    <>
      <div
        ref={box}
        className="table"
        role="grid"
        aria-label={it.label}
        aria-rowcount={hasNextPage ? -1 : items.length + 1}
        tabIndex={0}
        onKeyDown={move}
      >
        <div className="row head" role="row" style={shape} aria-rowindex={1}>
          {it.columns.map(({ name, wide }) => (
            <div key={name} role="columnheader" className={wide ? 'if-wide' : undefined}>
              {name}
            </div>
          ))}
        </div>
        <div role="rowgroup" className="rows" style={{ height: rows.getTotalSize() }}>
          {seen.map(({ index, start }) => {
            const item = items[index] as T
            return (
              <div
                key={it.keyOf(item)}
                role="row"
                aria-rowindex={index + 2}
                aria-selected={index === at}
                className={it.to === undefined ? 'row' : 'row leads'}
                style={{ ...shape, transform: `translateY(${start}px)` }}
                onClick={(event) => {
                  setAt(index)
                  if (it.to !== undefined && !(event.target as Element).closest('a, button')) go(it.to(item))
                }}
              >
                {it.columns.map(({ name, show, wide }) => (
                  <div key={name} role="gridcell" className={wide ? 'if-wide' : undefined}>
                    {show(item)}
                  </div>
                ))}
              </div>
            )
          })}
        </div>
      </div>
      <p className="soft count" role="status">
        {hasNextPage
          ? t('{count} shown, more as you scroll', { count: number(items.length) })
          : t('{count} in all', { count: number(items.length) })}
      </p>
    </>
  )
}
