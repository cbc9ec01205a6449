// The pages of docs/ that are made from the code: `node tools/write-docs.ts` writes them, a test holds them equal.
import '#config'
import { allEvents } from '#feed'
import { allFaults } from '#kernel'
import './gatehouse.ts'

const made = 'This page is made from the code by `node tools/write-docs.ts`.'
const cell = (text: string) => text.replaceAll('|', '\\|')
const roomsOf = (codes: Iterable<string>) => Map.groupBy([...codes].sort(), (code) => code.split('.')[0] as string)

/** Every fault, by room: what the client is told, and with which status. */
export function faultsPage(): string {
  const lines = [
    '# Faults',
    '',
    'An error is a problem document (RFC 9457, `application/problem+json`): `type` is `urn:gatehouse:fault:` and the code, `title` the',
    'sentence below, `detail` says what is wrong in particular, `requestId` finds it in the log and in the events. Codes are',
    `stable. ${made}`,
  ]
  const faults = allFaults()
  for (const [room, codes] of roomsOf(faults.keys())) {
    lines.push('', `## ${room}`, '', '| code | status | says |', '|---|---|---|')
    for (const code of codes) {
      const { status, says } = faults.get(code)!
      lines.push(`| \`${code}\` | ${status} | ${cell(says)} |`)
    }
  }
  return `${lines.join('\n')}\n`
}

/** Every event type, by room. */
export function eventsPage(): string {
  const lines = [
    '# Events',
    '',
    'Every change is an event in the transaction that made it: `GET /api/events`. Types are only ever added.',
    made,
  ]
  const events = allEvents()
  for (const [room, types] of roomsOf(events.keys())) {
    lines.push('', `## ${room}`, '', '| type | says |', '|---|---|')
    for (const type of types) lines.push(`| \`${type}\` | ${cell(events.get(type)!)} |`)
  }
  return `${lines.join('\n')}\n`
}

/** File name below docs/ to its maker. */
export const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'faults.md': faultsPage,
  'events.md': eventsPage,
}
