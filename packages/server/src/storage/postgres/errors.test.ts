import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '#kernel'
import { isConflict, toFault } from './errors.ts'

test("PostgreSQL errors that are not the statement's own fault become faults (Appendix A of its manual)", () => {
  const table: [error: { code?: string; message?: string }, fault: string | undefined][] = [
    [{ code: '53100' }, 'storage.full'],
    [{ code: '53300' }, 'storage.unavailable'],
    [{ code: '57P01' }, 'storage.unavailable'],
    [{ code: '08006' }, 'storage.unavailable'],
    [{ code: 'ECONNREFUSED' }, 'storage.unavailable'],
    [{ message: 'Connection terminated unexpectedly' }, 'storage.unavailable'],
    [{ code: '40001' }, 'storage.contended'],
    [{ code: '40P01' }, 'storage.contended'],
    [{ code: '23505' }, undefined],
    [{ code: '42P01' }, undefined],
    [{ message: 'anything else' }, undefined],
  ]
  for (const [like, wanted] of table) {
    const found = toFault(Object.assign(new Error(like.message ?? 'x'), like))
    assert.equal(found instanceof Fault ? found.code : undefined, wanted, JSON.stringify(like))
    assert.equal(isConflict(like), wanted === 'storage.contended')
  }
})
