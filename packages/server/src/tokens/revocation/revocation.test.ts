import assert from 'node:assert/strict'
import { moveUserIn } from '#directory'
import { systemEntropy } from '#kernel'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf, refresh, signInTo, within } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'
import { RevocationSet } from './revocation-set.ts'

onEachEngine(
  'each of token, grant, application, user and organization ends its tokens and what renews them, others go on, by one event',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const mail = await it.addClient({ name: 'mail' })
    const [alice, bob] = [await it.addPerson('alice'), await it.addPerson('bob')]
    const robot = await it.addMachine({ name: 'robot', owner: alice.id })
    const machineToken = async (resource?: string) => {
      const form = { grant_type: 'client_credentials', ...(resource !== undefined && { resource }) }
      const { body } = await postForm(`${it.url}/oauth/token`, form, { id: robot.machine.id, secret: robot.secret })
      return body.access_token as string
    }
    const admin = await it.addMachine({ name: 'admin', owner: bob.id })
    const { body: own } = await postForm(
      `${it.url}/oauth/token`,
      { grant_type: 'client_credentials', resource: it.url },
      { id: admin.machine.id, secret: admin.secret },
    )
    const revoke = async (kind: string, id: string) => {
      const response = await fetch(`${it.url}/api/revocations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${own.access_token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ kind, id, reason: 'a laptop was lost' }),
      })
      return { status: response.status, body: (await response.json()) as { ended?: number; code?: string } }
    }
    const counts = (token: string, audience: string) => it.tokens.verifyAccessToken(token, audience) !== undefined
    const everything = async () => ({
      aliceDocs: await signInTo(it, docs, alice),
      aliceMail: await signInTo(it, mail, alice),
      bobDocs: await signInTo(it, docs, bob),
      robot: await machineToken(),
    })
    type All = Awaited<ReturnType<typeof everything>>
    const goesOn = async (all: All) => ({
      aliceDocs: counts(all.aliceDocs.accessToken, docs.application.id),
      aliceDocsRefresh: (await refresh(it, docs, all.aliceDocs.refreshToken)).status === 200,
      aliceMail: counts(all.aliceMail.accessToken, mail.application.id),
      aliceMailRefresh: (await refresh(it, mail, all.aliceMail.refreshToken)).status === 200,
      bobDocs: counts(all.bobDocs.accessToken, docs.application.id),
      bobDocsRefresh: (await refresh(it, docs, all.bobDocs.refreshToken)).status === 200,
      robot: counts(all.robot, robot.machine.id),
    })
    const gidOf = (token: string) =>
      JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString()).gid as string
    const rows: [string, (all: All) => string, string[], string][] = [
      ['token', (all) => all.aliceDocs.accessToken, ['aliceDocs'], 'tokens.token_revoked'],
      ['token', (all) => all.robot, ['robot'], 'tokens.token_revoked'],
      ['token', (all) => all.aliceDocs.refreshToken, ['aliceDocs', 'aliceDocsRefresh'], 'tokens.grant_revoked'],
      ['grant', (all) => gidOf(all.aliceDocs.accessToken), ['aliceDocs', 'aliceDocsRefresh'], 'tokens.grant_revoked'],
      ['machine', () => robot.machine.id, ['robot'], 'tokens.revoked'],
      [
        'application',
        () => docs.application.id,
        ['aliceDocs', 'aliceDocsRefresh', 'bobDocs', 'bobDocsRefresh'],
        'tokens.revoked',
      ],
      ['user', () => alice.id, ['aliceDocs', 'aliceDocsRefresh', 'aliceMail', 'aliceMailRefresh'], 'tokens.revoked'],
    ]
    const total = async () => (await it.events()).filter(({ type }) => /^tokens\.(.*_)?revoked$/.test(type))
    for (const [kind, idOf, dead, event] of rows) {
      const all = await everything()
      const before = (await total()).length
      const done = await revoke(kind, idOf(all))
      assert.equal(done.status, 200, `${kind} ${JSON.stringify(done.body)}`)
      const alive = await goesOn(all)
      const ended = Object.entries(alive).flatMap(([name, goes]) => (goes ? [] : [name]))
      assert.deepEqual(ended, dead, kind)
      const told = await total()
      assert.deepEqual([told.length - before, told.at(-1)?.type], [1, event], 'one event')
      // Tokens count in whole seconds: those of the next one are not the ones that were revoked, and whoever it was goes on with them.
      await new Promise((resolve) => setTimeout(resolve, 1_100))
    }
    const stored = JSON.stringify(await it.events())
    assert.ok(!stored.includes(own.access_token as string))

    // The organization of everybody, the one who asks too.
    const all = await everything()
    assert.equal((await revoke('organization', it.home.id)).status, 200)
    assert.deepEqual(Object.values(await goesOn(all)), Array(7).fill(false))
    await within(2_000, async () => (await revoke('organization', it.home.id)).status === 401)
    await it.close()
  },
)

onEachEngine(
  'a token is revoked by the name that its event has; what is not in force is told from it',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({ name: 'docs' })
    const alice = await it.addPerson('alice')
    const admin = await it.addMachine({ name: 'admin', owner: alice.id })
    const { body: own } = await postForm(
      `${it.url}/oauth/token`,
      { grant_type: 'client_credentials', resource: it.url },
      { id: admin.machine.id, secret: admin.secret },
    )
    const revoke = async (kind: string, id: string) => {
      const response = await fetch(`${it.url}/api/revocations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${own.access_token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ kind, id, reason: 'x' }),
      })
      return response.status
    }
    const signed = await signInTo(it, docs, alice)
    const issued = (await it.events('tokens.token_issued')).at(-1)?.data as { token: string }
    assert.equal(await revoke('token', issued.token), 200)
    assert.equal(it.tokens.verifyAccessToken(signed.accessToken, docs.application.id), undefined)
    const unknown: [string, string][] = [
      ['token', issued.token],
      ['token', signed.accessToken],
      ['token', 'x'],
      ['token', `${signed.accessToken.slice(0, -4)}AAAA`],
      ['token', `ghkey_${'0'.repeat(49)}`],
      ['grant', 'x'],
      ['session', 'x'],
      ['application', alice.id],
      ['user', 'user_01h455vb4pex5vsknk084sn02q'],
      ['machine', '../x'],
      ['organization', 'x'],
    ]
    for (const [kind, id] of unknown) assert.equal(await revoke(kind, id), 404, `${kind} ${id}`)
    const introspected = await postForm(
      `${it.url}/oauth/introspect`,
      { token: signed.accessToken },
      credentialsOf(docs),
    )
    assert.deepEqual(introspected.body, { active: false })

    // Whoever is barred stays so, whatever else is revoked of them: in memory as in the table.
    await it.storage.transact((tx) =>
      moveUserIn(tx, { clock: it.clock, entropy: systemEntropy }, systemAct, alice.id, 'suspend'),
    )
    const barred = () => [...it.tokens.revocations.all()].find(({ id }) => id === alice.id)
    await within(2_000, () => barred() !== undefined)
    assert.equal(await revoke('user', alice.id), 200)
    await within(2_000, async () => {
      const row = await it.storage.db.selectFrom('token_revocations').selectAll().where('id', '=', alice.id).execute()
      return row.length === 1
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.equal(barred()?.beforeMs, undefined)
    const set = new RevocationSet(it.clock)
    for (const revocation of it.tokens.revocations.all()) set.add(revocation)
    assert.ok(set.bars('principal', alice.id))
    await it.close()
  },
)
