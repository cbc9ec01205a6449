// Appends decisions as fast as it can and prints the number of each once it is acknowledged, until it is killed.
import { writeSync } from 'node:fs'
import { Meter, systemClock } from '#kernel'
import { Journal } from '../../src/authorization/journal/journal.ts'

const journal = await Journal.open({
  directory: process.argv[2] as string,
  clock: systemClock,
  meter: new Meter(),
  onError: (_, error) => console.error(error),
  segmentBytes: 20_000,
})
for (;;) {
  const number = journal.next
  journal.append({
    atMs: systemClock.nowMs(),
    requestId: `request-${number}`,
    via: 'authzen',
    principal: { type: 'User', id: 'alice' },
    action: { type: 'Action', id: 'read' },
    resource: { type: 'Document', id: '1' },
    outcome: 'allow',
    reasons: ['policy0'],
    errors: [],
    bundle: 'ab',
    position: 1,
    tookMicros: 1,
  })
  writeSync(1, `${number}\n`)
  if (number % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
}
