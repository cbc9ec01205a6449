import assert from 'node:assert/strict'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { FastifyRequest } from 'fastify'
import { type Forwarded, readForwarded } from './forwarded.ts'

const said = {
  'X-Forwarded-Method': 'GET',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'docs.example.com',
  'X-Forwarded-Uri': '/admin',
}

/** What is read of these header lines, sent over a real connection. */
async function readOver(lines: readonly string[]): Promise<Forwarded | undefined> {
  let read: Forwarded | undefined
  const server = createServer((raw, response) => {
    read = readForwarded({ raw, headers: raw.headers } as unknown as FastifyRequest)
    response.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise<void>((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', headers: ['Host', 'gatehouse', ...lines] as never }, (answered) => {
      answered.resume().once('end', resolve)
    })
    sent.once('error', reject).end()
  })
  server.close()
  server.closeAllConnections()
  return read
}

test("a forwarded header that comes twice is refused: the client's own would decide with the gateway's", async () => {
  const lines = Object.entries(said).flat()
  assert.equal((await readOver(lines))?.target, '/admin')
  for (const [name, own] of Object.entries({ ...said, 'x-forwarded-uri': '/public?' })) {
    assert.equal(await readOver([name, own, ...lines]), undefined, name)
    assert.equal(await readOver([...lines, name, own]), undefined, name)
  }
})
