import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { Type } from '#kernel'
import { scratchDatabase } from '../../test/support/engines.ts'
import { startShell } from '../../test/support/shell.ts'
import { healthOperations } from './health.routes.ts'
import { operation } from './operation.ts'

/** A server with one operation that runs from `begun` until `finish` is called. */
async function start(drainMs: number) {
  const scratch = await scratchDatabase('sqlite')
  const begun = Promise.withResolvers<void>()
  const finished = Promise.withResolvers<void>()
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
          begun.resolve()
          await finished.promise
          return { done: true }
        },
      }),
    ],
  })
  return { shell, scratch, begun: begun.promise, finish: () => finished.resolve() }
}

test('a running request gets its answer while the server shuts down, and does not hold it up by keeping alive', async () => {
  const { shell, scratch, begun, finish } = await start(20_000)
  const running = fetch(`${shell.url}/work`)
  await begun
  const closing = performance.now()
  const closed = shell.close()
  assert.equal(shell.web.draining, true)
  await assert.rejects(fetch(`${shell.url}/healthz`), 'the address is given up at once')
  finish()
  assert.deepEqual(await (await running).json(), { done: true })
  await closed
  assert.ok(performance.now() - closing < 10_000)
  await scratch.remove()
})

test('a request that comes over an open connection meanwhile is refused as a problem with Retry-After', async () => {
  const { shell, scratch, begun, finish } = await start(20_000)
  const { port } = new URL(shell.url)
  const socket = connect(Number(port), '127.0.0.1').setEncoding('utf8')
  const ask = (path: string) => socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  ask('/work')
  await begun
  const closed = shell.close()
  const arrived = once(shell.web.app.server, 'request')
  ask('/healthz')
  await arrived
  finish()
  await Promise.all([closed, once(socket, 'close')])
  const [worked = '', refused = ''] = received.split(/(?=HTTP\/1\.1 503)/)
  assert.match(worked, /^HTTP\/1\.1 200 [\s\S]*\{"done":true\}/)
  assert.match(refused, /^connection: close\r$/im)
  assert.match(refused, /^retry-after: 2\r$/im)
  assert.match(refused, /^content-type: application\/problem\+json/im)
  assert.match(refused, /"code":"web.not_ready"/)
  await scratch.remove()
})

test('a request that does not end is cut after the limit', async () => {
  const { shell, scratch, begun, finish } = await start(200)
  const running = fetch(`${shell.url}/work`).then(
    () => 'answered',
    () => 'cut',
  )
  await begun
  await shell.close()
  assert.equal(await running, 'cut')
  finish()
  await scratch.remove()
})
