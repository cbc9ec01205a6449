import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SerializerSelector } from '@fastify/fast-json-stringify-compiler'
import { makeValidatorCompiler } from '../../src/web/validate.ts'
import { scratchDatabase } from '../support/engines.ts'
import { startTestServer } from '../support/server.ts'

test('every schema of every operation compiles, although a start compiles none', async () => {
  const scratch = await scratchDatabase('sqlite')
  const server = await startTestServer(scratch)
  try {
    const serializer = SerializerSelector()({}, {}) as unknown as (route: { schema: unknown }) => unknown
    const validator = makeValidatorCompiler()
    let compiled = 0
    for (const { id, method, url, schemas } of server.web.operations) {
      const { reply, params, query: querystring, body } = schemas
      if (reply !== undefined) {
        assert.doesNotThrow(() => serializer({ schema: reply }), `the answer of ${id}`)
        compiled++
      }
      for (const [httpPart, schema] of Object.entries({ params, querystring, body })) {
        if (schema === undefined) continue
        assert.doesNotThrow(() => validator({ schema, method, url, httpPart })({}), `${httpPart} of ${id}`)
        compiled++
      }
    }
    assert.ok(compiled > server.web.operations.length, `${compiled} schemas`)
  } finally {
    await server.close()
    await scratch.remove()
  }
})
