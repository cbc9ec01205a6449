import assert from 'node:assert/strict'
import { test } from 'node:test'
import Type from 'typebox'
import { scratchDatabase } from '../../test/support/engines.ts'
import { startShell } from '../../test/support/shell.ts'
import { healthOperations } from './health.routes.ts'
import { operation } from './operation.ts'

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

async function start(drainMs: number, workMs: number) {
  const scratch = await scratchDatabase('sqlite')
  const shell = await startShell(scratch, {
    drainMs,
    operations: ({ storage, feed, web }) => [
      ...healthOperations({ storage, feed, draining: () => web.draining }),
      operation({
        id: 'work.do',
        method: 'GET',
        url: '/work',
        summary: 'Work',
        access: { kind: 'open', why: 'a test' },
        schemas: { reply: Type.Unknown() },
        handle: async () => {
          await wait(workMs)
          return { done: true }
        },
      }),
    ],
  })
  return { shell, scratch }
}

test('a running request gets its answer while the server shuts down; a new one is refused', async () => {
  const { shell, scratch } = await start(5_000, 300)
  const running = fetch(`${shell.url}/work`)
  await wait(50)
  const closed = shell.close()
  await wait(50)
  assert.equal(shell.web.draining, true)
  await assert.rejects(
    fetch(`${shell.url}/healthz`).then((answer) => (answer.ok ? answer : Promise.reject(new Error('503')))),
  )
  assert.deepEqual(await (await running).json(), { done: true })
  await closed
  await scratch.remove()
})

test('a request that does not end is cut after the limit', async () => {
  const { shell, scratch } = await start(200, 3_000)
  const running = fetch(`${shell.url}/work`).then(
    () => 'answered',
    () => 'cut',
  )
  await wait(50)
  const began = performance.now()
  await shell.close()
  assert.ok(performance.now() - began < 2_000)
  assert.equal(await running, 'cut')
  await scratch.remove()
})
