import assert from 'node:assert/strict'
import { isFault, Secret } from '#kernel'
import { systemAct as act, openDirectory } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { verifyClientSecret } from '../credentials/client-secret.ts'
import { findApplication, findApplicationByName, findApplicationByOrigin } from './application.store.ts'
import { issueApplicationSecret, revokeApplicationSecret } from './application-secrets.ts'
import { moveApplication, updateApplication } from './change-application.ts'
import { createApplication } from './create-application.ts'

onEachEngine('an application keeps what it was registered with, and is found by name, id and origin', async (s) => {
  const deps = await openDirectory(s)
  const { value: docs } = await createApplication(deps, act, deps.home.id, {
    name: 'docs',
    kind: 'web',
    redirectUris: ['https://docs.example.com/callback', 'http://127.0.0.1:9000/callback'],
    origins: ['https://docs.example.com', 'http://docs.localhost:9000'],
    routes: [{ method: 'GET', path: '/documents/:id', action: 'read', resource: 'Document::"{id}"' }],
  })
  assert.deepEqual(await findApplication(deps.storage.db, docs.id), docs)
  assert.deepEqual(await findApplicationByName(deps.storage.db, deps.home.id, 'docs'), docs)
  assert.deepEqual(await findApplicationByOrigin(deps.storage.db, 'http://docs.localhost:9000'), docs)
  await updateApplication(deps, act, docs.id, { origins: ['https://docs.example.org'] })
  assert.equal(await findApplicationByOrigin(deps.storage.db, 'http://docs.localhost:9000'), undefined)
  await assert.rejects(
    createApplication(deps, act, deps.home.id, { name: 'other', kind: 'web', origins: ['https://docs.example.org'] }),
    (error) => isFault(error, 'directory.name_taken') && error.extra?.pointer === '/origins/0',
  )
  await moveApplication(deps, act, docs.id, 'delete')
  assert.equal(await findApplicationByOrigin(deps.storage.db, 'https://docs.example.org'), undefined)
  assert.deepEqual((await findApplication(deps.storage.db, docs.id))?.redirectUris, [])
  await deps.storage.close()
})

onEachEngine('a client secret is kept as a hash alone, overlaps as asked, expires and is revoked', async (s) => {
  const deps = await openDirectory(s)
  const { value: app } = await createApplication(deps, act, deps.home.id, { name: 'jobs', kind: 'service' })
  const first = (await issueApplicationSecret(deps, act, app.id)).value
  const nowMs = () => deps.clock.nowMs()
  assert.match(first.secret.reveal(), /^ghsec_[\w-]{43}$/)
  assert.ok(!JSON.stringify(await findApplication(deps.storage.db, app.id)).includes(first.secret.reveal()))
  assert.equal(verifyClientSecret(first.application, first.secret, nowMs()), true)
  const second = (await issueApplicationSecret(deps, act, app.id, { overlapSeconds: 60 })).value
  deps.clock.advanceMs(59_999)
  assert.equal(verifyClientSecret(second.application, first.secret, nowMs()), true)
  deps.clock.advanceMs(1)
  assert.equal(verifyClientSecret(second.application, first.secret, nowMs()), false)
  assert.equal(verifyClientSecret(second.application, second.secret, nowMs()), true)
  assert.equal(verifyClientSecret(second.application, new Secret(''), nowMs()), false)
  const { value: none } = await revokeApplicationSecret(deps, act, app.id, second.secretId)
  assert.equal(verifyClientSecret(none, second.secret, nowMs()), false)
  const types = (await deps.events()).map((event) => event.type).filter((type) => type.includes('secret'))
  const issued = 'directory.application_secret_issued'
  assert.deepEqual(types, [issued, issued, 'directory.application_secret_revoked'])
  await deps.storage.close()
})
