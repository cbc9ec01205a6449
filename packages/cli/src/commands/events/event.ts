import { styleText } from 'node:util'
import { moment, plain } from '../../output/plain.ts'

/** An event of the feed, as `GET /api/events` shows it. */
export interface Event {
  readonly position: number
  readonly type: string
  readonly atMs: number
  readonly organizationId?: string
  readonly object: { readonly type: string; readonly id: string; readonly name?: string }
  readonly outcome: 'success' | 'failure' | 'denied'
  readonly actor: { readonly type: string; readonly id?: string; readonly name: string }
  readonly requestId: string
  readonly data: unknown
}

/** Narrows events; each is optional. */
export interface EventFilterOptions {
  readonly type?: string
  readonly organization?: string
  readonly object?: string
  readonly actor?: string
}

/** One event on one line: when, what, who did it to what, and how it ended when it did not succeed. */
export function renderEvent(event: Event): string {
  const { type, actor, object, outcome } = event
  const ended = outcome === 'success' ? '' : styleText('red', `  ${outcome}`)
  const data = Object.entries((event.data ?? {}) as Record<string, unknown>)
    .filter(([, value]) => value !== undefined && value !== null && value !== '')
    .map(([name, value]) => `${name}=${plain(value)}`)
    .join(' ')
  return [
    styleText('dim', moment(event.atMs)),
    styleText('bold', plain(type).padEnd(36)),
    `${plain(actor.name)} → ${plain(object.type)} ${plain(object.name ?? object.id)}${ended}`,
    styleText('dim', data),
  ]
    .filter((part) => part !== '')
    .join('  ')
}
