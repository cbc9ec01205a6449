import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { isFault } from '#kernel'
import { Outgoing } from './outgoing.ts'

async function listen(t: TestContext, handle: RequestListener): Promise<string> {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const refused = (error: unknown) => isFault(error, 'web.outgoing_refused')
const failed = (error: unknown) => isFault(error, 'web.outgoing_failed')

test('no request goes to a private or special address, however it is spelled', async () => {
  const outgoing = new Outgoing()
  for (const address of [
    'https://127.0.0.1/',
    'https://localhost/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://10.1.2.3/',
    'https://169.254.169.254/latest/meta-data/',
    'https://100.64.0.1/',
    'https://192.168.1.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[2002:7f00:1::]/',
    'http://93.184.216.34/',
    'file:///etc/passwd',
    'https://user:word@example.com/',
    'nonsense',
  ])
    await assert.rejects(outgoing.send(address), refused, address)
})

test('what the setting names is reached, by plain http too, and only that', async (t) => {
  const url = await listen(t, (request, response) => {
    response.setHeader('x-method', request.method ?? '')
    request.pipe(response)
  })
  const outgoing = new Outgoing(['127.0.0.0/8'])
  const reply = await outgoing.send(url, { body: 'hello', headers: { 'content-type': 'text/plain' } })
  assert.deepEqual([reply.status, reply.headers['x-method'], reply.body.toString()], [200, 'POST', 'hello'])
  assert.equal((await outgoing.send(url.replace('127.0.0.1', 'localhost'))).status, 200)
  await assert.rejects(outgoing.send('http://10.0.0.1/'), refused)
  await assert.rejects(new Outgoing(['127.0.0.2']).send(url), refused)
})

test('a redirect is an answer, never followed', async (t) => {
  let asked = 0
  const url = await listen(t, (_request, response) => {
    asked++
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  assert.equal((await new Outgoing(['127.0.0.1']).send(url)).status, 302)
  assert.equal(asked, 1)
})

test('an answer without an end, in size or in time, is broken off', async (t) => {
  const endless = await listen(t, (_request, response) => {
    const more = () =>
      response.writableEnded || response.destroyed || response.write(Buffer.alloc(65_536), () => setImmediate(more))
    more()
  })
  const silent = await listen(t, () => undefined)
  const outgoing = new Outgoing(['127.0.0.1'])
  await assert.rejects(outgoing.send(endless, { mostBytes: 100_000 }), failed)
  await assert.rejects(outgoing.send(silent, { timeoutMs: 50 }), failed)
})
