import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useId, useState } from 'react'
import { get } from '../api/client.ts'
import type { Uid } from '../api/types.ts'
import { Link } from '../app/router.tsx'
import { useWords } from '../words/words.tsx'
import { type Icon, icons } from './icons.ts'
import { visible } from './visible.ts'

export function Pictogram({ name }: { readonly name: Icon }) {
  return (
    <svg className="symbol" viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" focusable="false">
      <path
        d={icons[name]}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.5"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  )
}

/** A moment: short, with the exact one and its zone on hover and for readers of the screen. */
export function Time({ ms }: { readonly ms: number | undefined }) {
  const { time, exact } = useWords()
  if (ms === undefined) return <span className="soft">–</span>
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact(ms)}>
      {time(ms)}
    </time>
  )
}

const tones: Record<string, string> = {
  active: 'good',
  done: 'good',
  resolved: 'good',
  open: 'wrong',
  page: 'wrong',
  ticket: 'warn',
  'to do': 'warn',
  in_force: 'good',
  allow: 'good',
  success: 'good',
  ok: 'good',
  invited: 'hint',
  pending: 'hint',
  published: 'hint',
  failing: 'wrong',
  spent: 'wrong',
  rolled_back: 'warn',
  unused: 'hint',
  warning: 'warn',
  suspended: 'warn',
  retiring: 'warn',
  failed: 'wrong',
  failure: 'wrong',
  denied: 'wrong',
  deny_policy: 'wrong',
  deny_default: 'wrong',
  deny_error: 'wrong',
}

export function State({ of }: { readonly of: string }) {
  const { t } = useWords()
  return <span className={`state ${tones[of] ?? 'none'}`}>{t(of as never)}</span>
}

/** What does the same at the command line, to be copied. */
export function Cli({ command }: { readonly command: string }) {
  const { t } = useWords()
  const [copied, setCopied] = useState(false)
  return (
    <div className="cli">
      <span className="soft">{t('At the command line')}</span>
      <code>{command}</code>
      <button
        type="button"
        className="quiet small"
        onClick={() =>
          void navigator.clipboard?.writeText(command).then(
            () => setCopied(true),
            () => undefined,
          )
        }
      >
        {copied ? t('Copied') : t('Copy')}
      </button>
    </div>
  )
}

/** Text as one word of a shell: what a hostile name holds stays text. */
export function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

export function Empty({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="empty">
      <h2>{title}</h2>
      {children}
    </div>
  )
}

const paths: Record<string, string> = {
  User: '/users/',
  Group: '/groups/',
  Machine: '/machines/',
  Application: '/applications/',
  Organization: '/organizations/',
}

/** Where the page of an entity is; undefined for what has none. */
export const pageOf = ({ type, id }: Uid): string | undefined => {
  const path = paths[type]
  return path === undefined ? undefined : path + encodeURIComponent(id)
}

const lists: Record<string, string> = {
  User: 'users',
  Group: 'groups',
  Machine: 'machines',
  Application: 'applications',
  Organization: 'organizations',
}

/** The name of a directory entity; its id while it is not known, or not to be seen. */
export function useName({ type, id }: Uid): string {
  const list = lists[type]
  const { data } = useQuery({
    queryKey: ['name', type, id],
    queryFn: ({ signal }) =>
      get<{ name?: string; username?: string; displayName?: string }>(`/api/${list}/${encodeURIComponent(id)}`, signal),
    enabled: list !== undefined,
    staleTime: 60_000,
    retry: false,
  })
  return data?.username ?? data?.name ?? id
}

/** An entity by its type and name, as a link where it has a page. */
export function Entity({ uid, bare }: { readonly uid: Uid; readonly bare?: boolean }) {
  const name = useName(uid)
  const { t } = useWords()
  if (uid.type === 'Gatehouse::Deployment') return <span>{t('The whole installation')}</span>
  const page = pageOf(uid)
  return (
    <span className="entity" title={`${uid.type}::"${uid.id}"`}>
      {!bare && <span className="kind">{uid.type} </span>}
      {page === undefined ? visible(name) : <Link to={page}>{visible(name)}</Link>}
    </span>
  )
}

export function Field(it: {
  readonly label: string
  readonly hint?: string | undefined
  readonly wrong?: string | undefined
  readonly children: (ids: { id: string; 'aria-describedby'?: string; 'aria-invalid'?: true }) => ReactNode
}) {
  const id = useId()
  const described = [it.wrong && `${id}-wrong`, it.hint && `${id}-hint`].filter(Boolean).join(' ')
  return (
    <div className="field">
      <label htmlFor={id}>{it.label}</label>
      {it.children({
        id,
        ...(described !== '' && { 'aria-describedby': described }),
        ...(it.wrong && { 'aria-invalid': true as const }),
      })}
      {it.wrong && (
        <p className="wrong" id={`${id}-wrong`}>
          {it.wrong}
        </p>
      )}
      {it.hint && (
        <p className="hint" id={`${id}-hint`}>
          {it.hint}
        </p>
      )}
    </div>
  )
}

/** A row of facts. */
export function Facts({ of }: { readonly of: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="facts">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
