import assert from 'node:assert/strict'
import { activateUser, addMachineSecret, createMachine, inviteUser } from '#directory'
import { Meter } from '#kernel'
import { startApi } from '../../../test/support/api.ts'
import { systemAct as act, openDirectory } from '../../../test/support/directory.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { githubClaims, OutsideIssuer } from '../../../test/support/outside-issuer.ts'
import { localAdministrator } from '../../../test/support/people.ts'
import { oldCredentialsCheck } from '../doctor/old-credentials.ts'
import { ownObjectives } from '../slos/objectives.ts'
import { Reading } from '../slos/read-counts.ts'
import { measureCredentials } from './credentials.ts'

const dayMs = 86_400_000
const named = (name: string) => ownObjectives.filter((one) => one.name === name)[0] ?? assert.fail(name)

onEachEngine(
  'M5: the oldest valid credential counts, until it is replaced; the doctor says whose it is',
  async (scratch) => {
    const deps = await openDirectory(scratch)
    const { storage, home } = deps
    const from = Date.now()
    let nowMs = from
    const clock = { nowMs: () => nowMs }
    const meter = new Meter()
    measureCredentials({ storage, clock, meter })
    const objective = named('credential-rotation')
    const check = oldCredentialsCheck({ storage, clock })
    assert.deepEqual(await new Reading(meter).count(objective), { bad: 0, total: 1 })
    const { value: alice } = await inviteUser(deps, act, home.id, { username: 'alice' })
    await activateUser(deps, act, alice.id)
    const { value: machine } = await createMachine(deps, act, home.id, { name: 'archiver', owner: alice.id })
    await storage.transact((tx) => addMachineSecret(tx, { ...deps, clock }, act, machine.id, {}))
    nowMs = from + 366 * dayMs
    assert.deepEqual(await new Reading(meter).count(objective), { bad: 1, total: 1 })
    assert.match(await meter.expose(), /credential_oldest_age_seconds\{kind="machine_secret"\} 31622400/)
    const found = (await check.run()) as { status: string; says: string }
    assert.deepEqual(found.status, 'warning')
    assert.equal(found.says, 'Long not replaced: archiver (machine secret, 366 days)')
    await storage.transact((tx) => addMachineSecret(tx, { ...deps, clock }, act, machine.id, {}))
    nowMs += 11 * 60_000
    assert.deepEqual(await new Reading(meter).count(objective), { bad: 0, total: 1 })
    assert.equal(((await check.run()) as { status: string }).status, 'ok')
    await storage.close()
  },
)

onEachEngine(
  'M7, M9, M10: privileged acts, break-glass use and failures of federation are counted by kind',
  async (scratch) => {
    const api = await startApi(scratch, { GATEHOUSE_OUTGOING_ALLOW: '127.0.0.1' })
    const issuer = await OutsideIssuer.open()
    const away = await OutsideIssuer.open()
    try {
      const created = await api.call('POST', '/api/organizations', { name: 'acme' })
      await api.call('GET', '/api/organizations')
      const organizationId = created.body.id
      await localAdministrator(scratch)('GET', '/api/organizations')
      const user = await api.call('POST', '/api/users', { organizationId, username: 'olga' })
      await api.call('POST', `/api/users/${user.body.id}/activate`)
      const condition = 'context.claims.repository == "acme/app"'
      const machine = await api.call('POST', '/api/machines', {
        organizationId,
        name: 'deploy',
        owner: user.body.id,
        trusts: [
          { name: 'ci', issuer: issuer.url, condition },
          { name: 'gone', issuer: away.url, condition },
        ],
      })
      assert.equal(machine.status, 201, JSON.stringify(machine.body))
      const ask = async (assertion: string) => {
        const body = new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion })
        return (await fetch(`${api.url}/oauth/token`, { method: 'POST', body })).status
      }
      const claims = githubClaims(api.url)
      const before = await api.call('GET', '/api/federation')
      assert.deepEqual(
        before.body.items.map(({ state }: { state: string }) => state),
        ['unused', 'unused'],
      )
      assert.equal(await ask(await issuer.sign(claims)), 200)
      assert.equal(await ask(await issuer.sign({ ...claims, aud: 'https://elsewhere.example' })), 400)
      assert.equal(await ask(await issuer.sign({ ...claims, repository: 'mallory/app' })), 400)
      assert.equal(await ask(await issuer.sign({ ...claims, iss: 'https://nobody.example' })), 400)
      away.isAway = true
      assert.equal(await ask(await away.sign(claims)), 503)

      const text = await api.meter.expose()
      for (const [outcome, count] of [
        ['admitted', 1],
        ['invalid', 1],
        ['condition', 1],
        ['unknown_issuer', 1],
        ['unreachable', 1],
      ])
        assert.match(text, new RegExp(`^federation_attempts_total\\{outcome="${outcome}"\\} ${count}$`, 'm'))
      assert.match(text, /^privileged_actions_total\{action="createOrganization"\} 1$/m)
      assert.doesNotMatch(text, /privileged_actions_total\{action="view/)
      assert.match(text, /^break_glass_uses_total\{kind="local-credential"\} 1$/m)
      assert.deepEqual(await new Reading(api.meter).count(named('federation')), { bad: 1, total: 2 })
      assert.deepEqual(await new Reading(api.meter).count(named('federation-refusals')), { bad: 2, total: 3 })

      const { items } = (await api.call('GET', '/api/federation')).body
      const of = (url: string) => items.find((one: { issuer: string }) => one.issuer === url)
      const seen = of(issuer.url)
      assert.deepEqual(
        [seen.state, seen.keysFrom, seen.keys, seen.admitted, seen.refused, seen.machines[0].name],
        ['failing', 'discovery', 1, 1, 2, 'deploy'],
      )
      assert.match(seen.lastRefusal, /condition/)
      assert.ok(seen.usableUntilMs - seen.fetchedAtMs === dayMs)
      assert.equal(of(away.url).state, 'failing')
      assert.match(of(away.url).failure, /503/)
      assert.equal(await ask(await issuer.sign({ ...claims, jti: 'again-1' })), 200)
      assert.equal(
        (await api.call('GET', '/api/federation')).body.items.find(
          (one: { issuer: string }) => one.issuer === issuer.url,
        ).state,
        'ok',
      )
      // Who may not see keys sees no issuers either.
      const stranger = { type: 'user', id: user.body.id, organizationId, name: 'olga' } as const
      assert.equal((await api.call('GET', '/api/federation', undefined, { actor: stranger })).status, 403)
    } finally {
      await api.close()
      await issuer.close()
      await away.close()
    }
  },
)
