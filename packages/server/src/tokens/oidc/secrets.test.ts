import assert from 'node:assert/strict'
import { sql } from 'kysely'
import { onEachEngine } from '../../../test/support/engines.ts'
import { credentialsOf, exchange, obtainCode, refresh } from '../../../test/support/token-flow.ts'
import { openTokensFixture, postForm } from '../../../test/support/tokens.ts'

onEachEngine(
  'no code, token or secret is in the database, in an event, in a log line or in a metric',
  async (scratch) => {
    const it = await openTokensFixture(scratch)
    const docs = await it.addClient({
      name: 'docs',
      grantTypes: ['authorization_code', 'refresh_token', 'client_credentials'],
    })
    const code = await obtainCode(it, docs, await it.addPerson('alice'), {
      scope: 'openid profile',
      state: 'canary-state',
    })
    const first = await exchange(it, docs, code)
    const second = await refresh(it, docs, first.body.refresh_token as string)
    const own = await postForm(`${it.url}/oauth/token`, { grant_type: 'client_credentials' }, credentialsOf(docs))
    await postForm(
      `${it.url}/oauth/token`,
      { grant_type: 'client_credentials' },
      { id: docs.application.id, secret: 'canary-wrong' },
    )
    await postForm(`${it.url}/oauth/introspect`, { token: own.body.access_token as string }, credentialsOf(docs))
    await postForm(`${it.url}/oauth/revoke`, { token: own.body.access_token as string }, credentialsOf(docs))
    const secrets = [
      code.code,
      code.verifier,
      docs.secret,
      'canary-wrong',
      ...[first, second, own].flatMap(({ body }) => [body.access_token, body.refresh_token, body.id_token]),
    ].filter((secret): secret is string => typeof secret === 'string')
    assert.equal(secrets.length, 11)
    const pieces = secrets.flatMap((secret) =>
      secret.includes('.') ? [secret, secret.split('.')[2] as string] : [secret],
    )

    const dump: string[] = []
    for (const table of [
      'token_artifacts',
      'token_revocations',
      'token_consents',
      'events',
      'applications',
      'followers',
    ]) {
      const { rows } = await sql.raw(`select * from ${table}`).execute(it.storage.db as never)
      dump.push(JSON.stringify(rows))
    }
    const places = { database: dump.join('\n'), log: it.logged.join('\n'), metrics: await it.meter.expose() }
    assert.match(places.database, /token_issued/)
    assert.match(places.log, /oauth\/token/)
    for (const [place, text] of Object.entries(places))
      for (const piece of pieces) assert.equal(text.includes(piece), false, `${piece.slice(0, 12)}… is in the ${place}`)
    await it.close()
  },
)
