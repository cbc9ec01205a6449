import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gatehouse, LocalDecisions } from '@gatehouse/sdk'

// The runner fails this test where a rejection is left that nobody hears of, as it would end the process.
test('a list of which one may not be decided and another is asked in vain is refused, and ends nobody', async () => {
  const onError = () => undefined
  const fetchNothing = () => Promise.reject(new Error('nobody answers'))
  const gatehouse = new Gatehouse({
    url: 'http://127.0.0.1:9',
    application: 'app_01h455vb4pex5vsknk084sn02q',
    client: { clientId: 'app_01h455vb4pex5vsknk084sn02q', clientSecret: 'x' },
    revocations: false,
    calls: { fetch: fetchNothing as typeof fetch },
    onError,
  })
  const bounds = { default: { mostStaleMs: 1_000, beyond: 'deny' as const }, actions: { write: 'ask' as const } }
  const local = new LocalDecisions(gatehouse, { bounds })
  try {
    const of = (name: string) => ({
      subject: { type: 'user', id: 'alice' },
      action: { name },
      resource: { type: 'document', id: '1' },
    })
    await assert.rejects(local.evaluateAll([of('write'), of('read')]), { code: 'replica.stale' })
    await new Promise((resolve) => setTimeout(resolve, 400))
  } finally {
    await local.close()
    await gatehouse.close()
  }
})
