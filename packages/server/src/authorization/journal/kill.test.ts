import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Meter, systemClock } from '#kernel'
import { Journal } from './journal.ts'

const program = fileURLToPath(new URL('../../../test/support/journal-process.ts', import.meta.url))

/** Runs the writer until `waitMs` after its first record, kills it, and returns the last number it acknowledged. */
async function runAndKill(directory: string, waitMs: number): Promise<number> {
  const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'inherit'] })
  let told = ''
  const exited = new Promise((resolve) => child.once('close', resolve))
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk) => {
      told += chunk
      resolve()
    })
  })
  await new Promise((resolve) => setTimeout(resolve, waitMs))
  child.kill('SIGKILL')
  await exited
  return Number(told.slice(0, told.lastIndexOf('\n')).split('\n').at(-1))
}

test('no acknowledged decision is lost by kill -9, whatever is being sealed then; numbers have no gap', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-journal-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  for (let round = 0; round < 6; round++) {
    const acknowledged = await runAndKill(directory, 10 + round * 17)
    assert.ok(acknowledged > 0)
    const onError = (_: string, error: unknown) => assert.fail(String(error))
    const journal = await Journal.open({ directory, clock: systemClock, meter: new Meter(), onError })
    const kept = await journal.newest(Number.MAX_SAFE_INTEGER)
    assert.ok(kept.length >= acknowledged, `${kept.length} kept of ${acknowledged}`)
    assert.deepEqual(
      kept.reverse().map((record) => record.number),
      Array.from(kept, (_, index) => index + 1),
    )
    for (const number of [1, acknowledged >> 1, acknowledged]) {
      const [found] = await journal.find(`request-${number}`)
      if (number > 0) assert.equal(found?.number, number)
    }
    await journal.close()
  }
})
