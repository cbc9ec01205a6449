import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret, systemClock, systemEntropy } from '#kernel'
import { endRestored } from '../../src/end-restored.ts'
import { migrations } from '../../src/migrations.ts'
import { createBackup } from '../../src/observability/backup/backup.ts'
import { restoreBackup } from '../../src/observability/backup/restore.ts'
import { type Api, startApi } from '../support/api.ts'
import { onEachEngine, scratchDatabase } from '../support/engines.ts'
import { goodPassword } from '../support/people.ts'
import { within } from '../support/token-flow.ts'
import { postForm } from '../support/tokens.ts'

const passphrase = new Secret('correct horse battery')

async function backUp({ storage }: Api): Promise<Buffer> {
  const parts: Buffer[] = []
  const input = { storage, entropy: systemEntropy, nowMs: Date.now(), key: { passphrase } }
  for await (const part of createBackup(input)) parts.push(part)
  return Buffer.concat(parts)
}

onEachEngine(
  'what was revoked after a backup does not come back with it: sessions and tokens end, links are void, keys are replaced, machines wait for somebody',
  async (scratch) => {
    const api = await startApi(scratch)
    const must = async (method: string, path: string, body?: unknown) => {
      const answer = await api.call(method, path, body)
      assert.ok(answer.status < 300, `${path}: ${JSON.stringify(answer.body)}`)
      return answer.body
    }
    const home = (await must('GET', '/api/organizations')).items[0].id
    const owner = (await must('POST', '/api/users', { organizationId: home, username: 'alice' })).id
    await must('POST', `/api/users/${owner}/activate`, {})
    const machine = (await must('POST', '/api/machines', { organizationId: home, name: 'robot', owner })).id
    const idle = (await must('POST', '/api/machines', { organizationId: home, name: 'idle', owner })).id
    const docs = { organizationId: home, name: 'docs', kind: 'service' }
    const application = (await must('POST', '/api/applications', docs)).id
    const secret = (await must('POST', `/api/machines/${machine}/secrets`, {})).secret
    const asker = (await must('POST', `/api/applications/${application}/secrets`, {})).secret
    const key = await must('POST', '/api/api-keys', { owner: machine, name: 'k', applications: [application] })
    const form = { grant_type: 'client_credentials', resource: api.url }
    const before = await postForm(`${api.url}/oauth/token`, form, { id: machine, secret })
    assert.equal(before.status, 200)
    const kids = async (url: string): Promise<string[]> => {
      const { keys } = (await (await fetch(`${url}/oauth/jwks`)).json()) as { keys: { kid: string }[] }
      return keys.map(({ kid }) => kid)
    }
    const [kid] = (await kids(api.url)) as [string]
    const enrolment = {
      token: (await must('POST', `/api/users/${owner}/invitation-link`)).token,
      password: goodPassword,
    }
    const sealed = await backUp(api)
    // After the backup: its secret is replaced and its key revoked, which no backup can know.
    await must('DELETE', `/api/api-keys/${key.key.id}`)
    await must('POST', `/api/machines/${machine}/secrets`, {})
    await must('POST', '/api/enrolments', enrolment)
    await api.close()

    for (const keepCredentials of [false, true]) {
      const target = await scratchDatabase(scratch.address.engine, { empty: true })
      const { createdAtMs } = await restoreBackup(
        (async function* () {
          yield sealed
        })(),
        {
          address: target.address,
          migrations,
          clock: systemClock,
          opener: { passphrase },
          rootKeyFile: join(target.directory, 'root.key'),
          archiveDirectory: join(target.directory, 'audit-archive'),
        },
      )
      const ended = await endRestored({
        address: target.address,
        clock: systemClock,
        entropy: systemEntropy,
        backupAtMs: createdAtMs,
        keepCredentials,
      })
      const { sessions: _, tokens, links, ...credentials } = ended
      assert.ok(tokens >= 1)
      assert.ok(links >= 1)
      const counted = keepCredentials ? [0, 0, 0] : [1, 1, 1]
      assert.deepEqual([credentials.apiKeys, credentials.machines, credentials.applications], counted)

      copyFileSync(join(scratch.directory, 'root.key'), join(target.directory, 'root.key'))
      const again = await startApi(target)
      const state = async (path: string) => (await again.call('GET', path)).body.state
      const suspended = keepCredentials ? 'active' : 'suspended'
      const used = await again.call('POST', '/api/enrolments', enrolment)
      assert.equal(used.status, 410, 'a link that was used after the backup works once, and that was then')
      const now = await kids(again.url)
      assert.equal(
        now.includes(kid),
        keepCredentials,
        'a signing key that was stolen and rotated away does not come back',
      )
      assert.equal(now.length >= 1, true)
      assert.equal(await state(`/api/machines/${machine}`), suspended)
      assert.equal(await state(`/api/applications/${application}`), suspended)
      assert.equal(await state(`/api/machines/${idle}`), 'active', 'who has nothing to prove itself with is as it was')
      assert.equal(await state(`/api/api-keys/${key.key.id}`), keepCredentials ? 'active' : 'revoked')
      const ask = () => postForm(`${again.url}/oauth/token`, { ...form, resource: again.url }, { id: machine, secret })
      const introspect = async () =>
        (await postForm(`${again.url}/oauth/introspect`, { token: key.secret }, { id: application, secret: asker }))
          .body.active
      assert.equal((await ask()).status, keepCredentials ? 200 : 401)
      if (keepCredentials) assert.equal(await introspect(), true)
      else {
        for (const path of [`machines/${machine}`, `applications/${application}`])
          assert.equal((await again.call('POST', `/api/${path}/activate`, {})).status, 200)
        await within(5_000, async () => (await ask()).status === 200)
        assert.equal(await introspect(), false, 'an API key does not come back with its owner')
      }
      const told = async () => (await again.call('GET', '/api/events?type=observability.backup_restored')).body.items
      await within(5_000, async () => (await told()).length === 1)
      const [{ data }] = await told()
      assert.deepEqual(data, {
        backupAt: new Date(createdAtMs).toISOString(),
        credentialsKept: keepCredentials,
        ...ended,
      })
      await again.close()
      await target.remove()
    }
  },
)
