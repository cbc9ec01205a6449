import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Gatehouse } from '@gatehouse/sdk'
import { inHouse, until } from './support/house.ts'

test('an application hears of its own organization’s revocations and of nobody else’s: tokens, people, those who are gone, after a start too', () =>
  inHouse(async (house) => {
    const { api } = house
    const made = await api.call('POST', '/api/organizations', { name: 'other' })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const other = await api.call('POST', '/api/applications', {
      organizationId: made.body.id,
      name: 'elsewhere',
      kind: 'service',
      grantTypes: ['client_credentials'],
    })
    assert.equal(other.status, 201, JSON.stringify(other.body))
    const secret = (await api.call('POST', `/api/applications/${other.body.id}/secrets`, {})).body.secret
    const listen = (application: string, clientSecret: string) => {
      const client = { clientId: application, clientSecret }
      const gatehouse = new Gatehouse({ url: api.url, application, client, revocations: false })
      const told: { kind: string; id: string }[] = []
      const abort = new AbortController()
      const ready = Promise.withResolvers<void>()
      const reading = (async () => {
        const answer = await gatehouse.openStream('/access/v1/revocations', abort.signal)
        let text = ''
        for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
          text += Buffer.from(chunk).toString('utf8')
          const lines = text.split('\n')
          text = lines.pop() as string
          for (const line of lines) {
            const { kind, revocations = [] } = JSON.parse(line)
            told.push(...revocations)
            if (kind === 'ready') ready.resolve()
          }
        }
      })().catch(() => undefined)
      const stop = async () => {
        abort.abort()
        await reading
        await gatehouse.close()
      }
      return { told, ready: ready.promise, stop }
    }
    const [ours, theirs] = [listen(house.applicationId, house.secret), listen(other.body.id, secret)]
    try {
      await Promise.all([ours.ready, theirs.ready])
      const basic = `Basic ${Buffer.from(`${house.applicationId}:${house.secret}`).toString('base64')}`
      const form = (path: string, fields: Record<string, string>) =>
        fetch(`${api.url}${path}`, {
          method: 'POST',
          headers: { authorization: basic },
          body: new URLSearchParams(fields),
        })
      const issued = (await (await form('/oauth/token', { grant_type: 'client_credentials' })).json()) as {
        access_token: string
      }
      assert.equal((await form('/oauth/revoke', { token: issued.access_token })).status, 200)
      const [bob, carol] = [await house.idOf('users', 'bob'), await house.idOf('users', 'carol')]
      assert.equal((await api.call('POST', `/api/users/${bob}/suspend`, {})).status, 200)
      for (const path of [`/api/users/${carol}/deactivate`, `/api/users/${carol}`]) {
        const done = await api.call(
          path.endsWith('deactivate') ? 'POST' : 'DELETE',
          path,
          path.endsWith('deactivate') ? {} : undefined,
        )
        assert.ok(done.status < 300, JSON.stringify(done.body))
      }
      const kinds = () => new Set(ours.told.map(({ kind, id }) => (kind === 'principal' ? id : kind)))
      await until('ours are told', () => ['token', bob, carol].every((one) => kinds().has(one)))
      await new Promise((resolve) => setTimeout(resolve, 300))
      assert.deepEqual(theirs.told, [])
      // A stream that begins now tells no more.
      const later = listen(other.body.id, secret)
      await later.ready
      assert.deepEqual(later.told, [])
      await later.stop()
    } finally {
      await ours.stop()
      await theirs.stop()
    }
  }))
