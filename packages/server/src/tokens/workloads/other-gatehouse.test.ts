import assert from 'node:assert/strict'
import { decodeJwt } from 'jose'
import { changeMachine } from '#directory'
import { systemEntropy } from '#kernel'
import { systemAct } from '../../../test/support/directory.ts'
import { onEachEngine, type Scratch } from '../../../test/support/engines.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'
import { assertionGrant } from '../exchange/grant-types.ts'
import { paths } from '../oidc/paths.ts'

onEachEngine("another Gatehouse's machines are workloads like any others", async (scratch) => {
  const it = await openTokensFixture(scratch)
  const directory = `${scratch.directory}/other`
  const { mkdirSync } = await import('node:fs')
  mkdirSync(directory)
  const other = await openTokensFixture({
    ...scratch,
    directory,
    address: { engine: 'sqlite', file: `${directory}/gatehouse.db` },
  } as Scratch)
  try {
    const owner = await it.addPerson('olga')
    const { machine } = await it.addMachine({ name: 'deploy', owner: owner.id })
    // There this Gatehouse is an application, known by its address.
    const there = await other.addClient({
      name: 'partner',
      kind: 'service',
      origins: ['https://gatehouse.partner.example'],
    })
    const { machine: caller, secret } = await other.addMachine({
      name: 'caller',
      owner: (await other.addPerson('o')).id,
    })
    const deps = { clock: it.clock, entropy: systemEntropy }
    const trusts = [
      {
        name: 'partner',
        issuer: other.url,
        jwksUri: `${other.url.replace('localhost', '127.0.0.1')}${paths.jwks}`,
        audience: there.application.id,
        condition: `context.claims.sub == "${caller.id}"`,
      },
    ]
    await it.storage.transact((tx) => changeMachine(tx, deps, systemAct, machine.id, { trusts }))
    const theirs = await postForm(
      `${other.url}${paths.token}`,
      { grant_type: 'client_credentials', resource: 'https://gatehouse.partner.example' },
      { id: caller.id, secret },
    )
    const got = await postForm(`${it.url}${paths.token}`, {
      grant_type: assertionGrant,
      assertion: theirs.body.access_token as string,
    })
    assert.equal(got.status, 200, JSON.stringify([got.body, theirs.body, it.errors]))
    assert.equal(decodeJwt(got.body.access_token as string).sub, machine.id)
  } finally {
    await other.close()
    await it.close()
  }
})
