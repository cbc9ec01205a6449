import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Meter, systemClock } from '#kernel'
import { IssuerKeys } from './issuer-keys.ts'

test('keys at an address that one tenant names change nothing about the issuer that another has there', async () => {
  const issuer = 'https://login.corp.example'
  const said: Record<string, object> = {
    [issuer]: { keys: [] },
    [`${issuer}/.well-known/openid-configuration`]: { issuer, jwks_uri: `${issuer}/jwks` },
    [`${issuer}/jwks`]: { keys: [] },
  }
  const outgoing = {
    send: async (address: string) => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(said[address])) }),
  }
  const keys = new IssuerKeys({ outgoing, clock: systemClock, meter: new Meter(), onError: () => undefined })
  await keys.keysOf({ issuer: 'https://other.example', jwksUri: issuer }, undefined)
  assert.equal((await keys.documentOf(issuer)).issuer, issuer)
  keys.close()
})
