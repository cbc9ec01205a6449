import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault, systemEntropy } from '#kernel'
import type { AnswerGateway } from '../forward-auth/answer-gateway.ts'
import { check } from './check.ts'
import '../faults.ts'

test('whatever goes wrong is a denial that says so, never an error that Envoy may take for a yes', async () => {
  const errors: unknown[] = []
  const ask = (answer: AnswerGateway) => {
    const app = { log: {}, parseCookie: () => ({}) } as never
    const onError = (_: string, error: unknown) => errors.push(error)
    return check({ app, answer, entropy: systemEntropy, onError }, { attributes: { request: { http: {} } } })
  }
  const full = await ask(() => Promise.reject(new Fault('authorization.journal_unavailable', { retryAfterSeconds: 3 })))
  assert.deepEqual([full.status.code, full.denied_response?.status.code], [14, 503])
  const retry = full.denied_response?.headers.find(({ header }) => header.key === 'retry-after')
  assert.equal(retry?.header.value, '3')
  const bug = await ask(() => Promise.reject(new TypeError('a bug')))
  assert.deepEqual([bug.status.code, bug.denied_response?.status.code], [14, 503])
  assert.doesNotMatch(bug.denied_response?.body ?? '', /a bug/)
  const silent = await ask(async (_, reply) => reply)
  assert.deepEqual([silent.status.code, silent.ok_response], [14, undefined])
  assert.equal(errors.length, 3)
})
