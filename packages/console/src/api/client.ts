import { readClock } from './server-clock.ts'

/** What the API says when it refuses (RFC 9457). */
export interface Problem {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail?: string
  readonly requestId?: string
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
}

/** A refusal of the API, or `code: 'lost'` when nothing answered. */
export class ApiError extends Error {
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title)
    this.problem = problem
  }
}

export interface Answered<T> {
  readonly body: T
  /** The object's revision, from `ETag`. */
  readonly revision: number | undefined
}

export interface Sending {
  readonly body?: unknown
  readonly ifRevision?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Makes a repetition safe: the same key is the same change. */
  readonly once?: string
}

/** The newest write this page has made: later reads ask to see at least it. */
let at: string | undefined

type Waiter = () => void
let expired: { readonly waiting: Waiter[] } | undefined
const watchers = new Set<(expired: boolean) => void>()

/** Tells whether requests wait for somebody to sign in again. */
export function watchExpiry(watcher: (expired: boolean) => void): () => void {
  watchers.add(watcher)
  watcher(expired !== undefined)
  return () => void watchers.delete(watcher)
}

/** Somebody has signed in again: what waited goes on, and nothing typed was lost. */
export function signedInAgain(): void {
  const waiting = expired?.waiting ?? []
  expired = undefined
  for (const watcher of watchers) watcher(false)
  for (const go of waiting) go()
}

const needsSignIn = new Set([
  'web.unauthenticated',
  'authentication.second_factor_needed',
  'authentication.proof_needed',
])
/** Whether a session that is no longer enough, or gone, is in the way. */
export const isAway = (code: string | undefined): boolean => code !== undefined && needsSignIn.has(code)

/**
 * Asks the API by the session cookie, which no script can read. When the session has ended the request waits until somebody has
 * signed in again in another tab, and is then sent.
 * @throws {ApiError}
 */
export async function send<T>(method: string, path: string, sending: Sending = {}): Promise<Answered<T>> {
  for (;;) {
    try {
      return await sendOnce<T>(method, path, sending)
    } catch (error) {
      if (!(error instanceof ApiError) || !needsSignIn.has(error.problem.code) || path === '/api/whoami') throw error
      await new Promise<void>((go) => {
        expired ??= { waiting: [] }
        expired.waiting.push(go)
        for (const watcher of watchers) watcher(true)
      })
    }
  }
}

async function sendOnce<T>(method: string, path: string, { body, ifRevision, signal, once }: Sending) {
  const headers: Record<string, string> = {
    accept: 'application/json',
    ...(body !== undefined && { 'content-type': 'application/json' }),
    ...(ifRevision !== undefined && { 'if-match': `"${ifRevision}"` }),
    ...(once !== undefined && { 'idempotency-key': once }),
    ...(at !== undefined && method === 'GET' && { 'consistency-token': at }),
  }
  const init = { method, headers, ...(signal && { signal }), ...(body !== undefined && { body: JSON.stringify(body) }) }
  const response = await fetch(path, init).catch((error) => {
    if (error?.name === 'AbortError') throw error
    throw new ApiError({ status: 0, code: 'lost', title: 'No answer' })
  })
  at = response.headers.get('consistency-token') ?? at
  readClock(response)
  const text = await response.text()
  const read = text === '' ? undefined : readJson(text)
  if (!response.ok)
    throw new ApiError({ code: 'unknown', title: response.statusText, ...(read as object), status: response.status })
  const etag = /^"(\d+)"$/.exec(response.headers.get('etag') ?? '')?.[1]
  return { body: read as T, revision: etag === undefined ? undefined : Number(etag) } satisfies Answered<T>
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return { title: text.slice(0, 200) }
  }
}

export const get = async <T>(path: string, signal?: AbortSignal): Promise<T> =>
  (await send<T>('GET', path, { signal })).body

/** A path with its query; members that are empty are left out. */
export function pathWith(path: string, query: Readonly<Record<string, string | number | undefined>>): string {
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== '')
  if (kept.length === 0) return path
  return `${path}?${new URLSearchParams(kept.map(([name, value]) => [name, String(value)]))}`
}

export const newKey = (): string => crypto.randomUUID()
