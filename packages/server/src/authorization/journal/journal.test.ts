import assert from 'node:assert/strict'
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { isFault, ManualClock, Meter } from '#kernel'
import { Journal, type JournalDeps } from './journal.ts'
import type { DecisionRecord } from './record.ts'

const startMs = 1_800_000_000_000

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-journal-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

const decision = (requestId: string): DecisionRecord => ({
  atMs: startMs,
  requestId,
  via: 'authzen',
  principal: { type: 'User', id: 'alice' },
  action: { type: 'Action', id: 'read' },
  resource: { type: 'Document', id: 'plan "ß"\n' },
  outcome: 'allow',
  reasons: ['policy0'],
  errors: [],
  bundle: 'ab',
  position: 1,
  tookMicros: 12,
})

async function open(directory: string, more: Partial<JournalDeps> = {}): Promise<Journal> {
  const onError = (_: string, error: unknown) => assert.fail(String(error))
  return Journal.open({ directory, clock: new ManualClock(startMs), meter: new Meter(), onError, ...more })
}

test('decisions are found by their request id, also the many of one request, after a start too', async (t) => {
  const directory = scratch(t)
  const journal = await open(directory)
  journal.append(decision('a'))
  journal.append(decision('b'), decision('c'), decision('b'))
  const found = await journal.find('b')
  assert.deepEqual(
    found.map(({ number, requestId }) => [number, requestId]),
    [
      [2, 'b'],
      [4, 'b'],
    ],
  )
  assert.deepEqual({ ...found[0] }, { number: 2, ...decision('b') })
  assert.deepEqual(await journal.find('x'), [])
  await journal.close()
  const again = await open(directory)
  assert.equal(again.next, 5)
  assert.equal((await again.find('b')).length, 2)
  await again.close()
})

test('full segments are compressed and indexed; every decision stays findable while and after', async (t) => {
  const directory = scratch(t)
  const journal = await open(directory, { segmentBytes: 2_000 })
  for (let at = 0; at < 60; at++) {
    journal.append(decision(`r${at}`))
    if (at % 7 === 0) assert.equal((await journal.find(`r${at >> 1}`)).length, 1)
  }
  for (let at = 0; at < 60; at++) assert.equal((await journal.find(`r${at}`))[0]?.number, at + 1)
  await journal.close()
  const names = readdirSync(directory)
  assert.ok(names.filter((name) => name.endsWith('.log.zst')).length >= 5, names.join())
  assert.equal(names.filter((name) => name.endsWith('.log')).length, 1)
  const again = await open(directory, { segmentBytes: 2_000 })
  assert.equal(again.next, 61)
  for (let at = 0; at < 60; at++) assert.equal((await again.find(`r${at}`))[0]?.number, at + 1)
  const newest = await again.newest(60)
  assert.deepEqual(
    newest.map(({ number }) => number),
    Array.from({ length: 60 }, (_, index) => 60 - index),
  )
  assert.deepEqual(
    (await again.newest(3, 41)).map(({ number }) => number),
    [40, 39, 38],
  )
  await again.close()
})

test('a segment is sealed by age, and one that is too old is forgotten', async (t) => {
  const directory = scratch(t)
  const clock = new ManualClock(startMs)
  const journal = await open(directory, { clock, segmentMs: 1_000, retainMs: 10_000 })
  for (let at = 0; at < 30; at++) {
    journal.append(decision(`r${at}`))
    clock.advanceMs(1_000)
    await journal.durable()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  await journal.close()
  assert.ok(readdirSync(directory).filter((name) => name.endsWith('.idx')).length < 15)
  const again = await open(directory)
  assert.deepEqual(await again.find('r0'), [])
  assert.equal((await again.find('r25')).length, 1)
  await again.close()
})

// Every way in which a crash can leave the end of the open segment × what must survive.
const whole = 3
const ends: [name: string, tail: (line: Buffer) => Buffer][] = [
  ['half a line', (line) => line.subarray(0, line.length >> 1)],
  ['a line without its end', (line) => line.subarray(0, -1)],
  ['a byte of a line', (line) => line.subarray(0, 1)],
  ['a line with a changed byte', (line) => Buffer.concat([line.subarray(0, 40), Buffer.from('~'), line.subarray(41)])],
  ['zeroes', () => Buffer.alloc(512)],
  ['a line that skips a number', (line) => Buffer.concat([line, line])],
]
for (const [name, tail] of ends) {
  test(`after a crash that left ${name}, all whole records stand, and the next takes the next number`, async (t) => {
    const directory = scratch(t)
    const journal = await open(directory)
    for (let at = 0; at < whole; at++) journal.append(decision(`r${at}`))
    await journal.close()
    const path = join(directory, readdirSync(directory).find((file) => file.endsWith('.log')) as string)
    const bytes = readFileSync(path)
    const last = bytes.subarray(bytes.lastIndexOf(10, bytes.length - 2) + 1)
    appendFileSync(path, tail(Buffer.from(last)))
    const again = await open(directory)
    assert.equal(again.next, whole + 1)
    again.append(decision('after'))
    assert.equal((await again.find('after'))[0]?.number, whole + 1)
    for (let at = 0; at < whole; at++) assert.equal((await again.find(`r${at}`)).length, 1)
    assert.equal(readdirSync(directory).filter((file) => file.endsWith('.torn')).length, 1)
    await again.close()
  })
}

test('a crash at any step of sealing loses nothing and leaves nothing twice', async (t) => {
  const directory = scratch(t)
  const journal = await open(directory, { segmentBytes: 1_000 })
  for (let at = 0; at < 12; at++) journal.append(decision(`r${at}`))
  await journal.close()
  const sealed = readdirSync(directory).filter((file) => file.endsWith('.zst'))
  assert.ok(sealed.length >= 2)
  const { zstdDecompressSync } = await import('node:zlib')
  const [first, second] = sealed.map((file) => join(directory, file)) as [string, string]
  // Sealed, but the segment itself not yet removed.
  writeFileSync(first.replace('.zst', ''), zstdDecompressSync(readFileSync(first)))
  // Closed, but nothing of the seal written yet but a torn file.
  writeFileSync(second.replace('.zst', ''), zstdDecompressSync(readFileSync(second)))
  rmSync(second)
  rmSync(second.replace('.log.zst', '.idx'))
  writeFileSync(`${second}.tmp`, 'torn')
  const again = await open(directory, { segmentBytes: 1_000 })
  for (let at = 0; at < 12; at++) assert.equal((await again.find(`r${at}`)).length, 1, `r${at}`)
  assert.equal(again.next, 13)
  await again.close()
})

test('a full disk refuses the decision loudly; those before it stand', async (t) => {
  if (!existsSync('/dev/full')) return t.skip('this system has no /dev/full to write to')
  const directory = scratch(t)
  const clock = new ManualClock(startMs)
  const told: unknown[] = []
  const journal = await open(directory, { clock, segmentBytes: 1, onError: (_, error) => void told.push(error) })
  journal.append(decision('before'))
  symlinkSync('/dev/full', join(directory, `decisions-000000000000002-${startMs}.log`))
  assert.throws(
    () => journal.append(decision('lost')),
    (error) =>
      isFault(error, 'authorization.journal_unavailable') && error.status === 503 && error.retryAfterSeconds === 5,
  )
  assert.match(String(told[0]), /ENOSPC/)
  assert.equal((await journal.find('before')).length, 1)
  assert.equal((await journal.find('lost')).length, 0)
})

test('two processes cannot keep one journal', async (t) => {
  const directory = scratch(t)
  const journal = await open(directory)
  await assert.rejects(open(directory), (error) => isFault(error, 'storage.in_use'))
  await journal.close()
})
