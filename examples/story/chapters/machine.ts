import assert from 'node:assert/strict'
import { gatehouseJson } from '../command.ts'
import { reasonOf, requestIdOf, type Scene, timed, withToken } from '../scene.ts'
import { machineToken } from '../tokens.ts'

export interface MachineSeen {
  /** The request id of its denied write. */
  readonly deniedRequestId: string
}

/** A machine gets a token: it may read, and not write. */
export async function theMachine({ stage, teller }: Scene): Promise<MachineSeen> {
  teller.chapter('The archiver, a machine')
  const { clientId, secret } = await gatehouseJson<{ clientId: string; secret: string }>(
    stage.data,
    'machine',
    'secret',
    'acme/archiver',
  )
  const { value: token, ms } = await timed(() => machineToken(stage.server.url, clientId, secret, stage.origin))
  teller.tell('It gets a token for the documents service by its client secret.', ms)
  const read = await timed(() => withToken(stage, token, '/documents/welcome'))
  assert.equal(read.value.status, 200, read.value.body)
  teller.answer('archiver  GET /documents/welcome', 'allowed', '', read.ms)
  const write = await timed(() => withToken(stage, token, '/documents/welcome', { method: 'PUT', body: 'overwritten' }))
  assert.equal(write.value.status, 403, write.value.body)
  const reason = reasonOf(write.value)
  assert.equal(reason, 'machines-read-only')
  teller.answer(
    'archiver  PUT /documents/welcome',
    'denied',
    `${reason}: machines may read documents, never write them.`,
    write.ms,
  )
  const after = await withToken(stage, token, '/documents/welcome')
  assert.ok(!after.body.includes('overwritten'))
  const forged = await withToken(stage, `${token.slice(0, -6)}AAAAAA`, '/documents/welcome')
  assert.equal(forged.status, 401)
  teller.answer('somebody with a forged token', 'refused', '')
  return { deniedRequestId: requestIdOf(write.value) }
}
