import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from 'react'

export const base = '/console'
const listeners = new Set<() => void>()
/** Asked before leaving a page; answers false to stay. */
let guard: (() => boolean) | undefined

const tell = () => {
  for (const listener of listeners) listener()
}
addEventListener('popstate', tell)

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

/** Registers a guard of unsaved work; returns how to take it back. */
export function holdPage(asks: () => boolean): () => void {
  guard = asks
  return () => {
    if (guard === asks) guard = undefined
  }
}

/** Goes to a page of the console, as in `/users`. */
export function go(path: string, options: { readonly replace?: boolean } = {}): void {
  const samePage = `${base}${path.split('?')[0]}` === location.pathname
  if (!samePage && guard !== undefined && !guard()) return
  if (!samePage) guard = undefined
  history[options.replace ? 'replaceState' : 'pushState'](null, '', base + path)
  tell()
  if (!samePage) {
    scrollTo(0, 0)
    // The next page's heading is where readers of the screen go on.
    requestAnimationFrame(() => document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true }))
  }
}

const place = () => location.pathname + location.search

/** Where we are: the path below /console, and the query. */
export function usePlace(): { readonly path: string; readonly query: URLSearchParams } {
  const now = useSyncExternalStore(subscribe, place)
  const url = new URL(now, location.origin)
  return { path: url.pathname.slice(base.length) || '/', query: url.searchParams }
}

/** A value kept in the address, as filters are. Setting the empty text takes it out. */
export function useInAddress(name: string): [string, (value: string) => void] {
  const { query } = usePlace()
  return [query.get(name) ?? '', (value) => setInAddress({ [name]: value })]
}

export function setInAddress(values: Readonly<Record<string, string | undefined>>): void {
  const query = new URLSearchParams(location.search)
  for (const [name, value] of Object.entries(values))
    if (value === undefined || value === '') query.delete(name)
    else query.set(name, value)
  const text = query.toString()
  go(location.pathname.slice(base.length) + (text === '' ? '' : `?${text}`), { replace: true })
}

/** A link to a page of the console. */
export function Link({ to, ...rest }: { readonly to: string } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'href'>) {
  const follow = (event: MouseEvent) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
    event.preventDefault()
    go(to)
  }
  return <a {...rest} href={base + to} onClick={follow} />
}
