// Waits for a line with a number and a directory; then writes events and decisions there and prints the number of each once it is
// acknowledged, until it is killed.
import { writeSync } from 'node:fs'
import { systemClock } from '#kernel'
import { openAuditHouse } from './audit-house.ts'
import { noteEvent } from './note-events.ts'

const line = await new Promise<string>((resolve, reject) => {
  process.stdin.once('data', (chunk) => resolve(String(chunk).trimEnd()))
  process.stdin.once('end', () => reject(new Error('nobody said where to write')))
})
const [from, directory] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]
const house = await openAuditHouse(directory, (where, error) => console.error(where, error))
let number = Number(from)
let decisions = 0
for (let writer = 0; writer < 16; writer++) void write()

async function write(): Promise<void> {
  for (;;) {
    const mine = ++number
    await house.storage.write((tx) => noteEvent(tx, mine))
    say(`event ${mine}\n`)
    const request = `request-${from}-${++decisions}`
    await house.journal.keep([
      {
        atMs: systemClock.nowMs(),
        requestId: request,
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
      },
    ])
    say(`decision ${request}\n`)
  }
}

/** On the pipe once it returns; whoever reads it may be slow. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line)
      return
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}
