import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { startChildServer } from '../../../../bench/support/child-server.ts'
import { scratchDatabase } from '../support/engines.ts'

/** What a start must not load, and when it comes instead. */
const later: Readonly<Record<string, string>> = {
  typebox: 'never: `Type` of #kernel makes the schemas',
  ajv: 'with the first body, query or address that is validated',
  '@fastify/fast-json-stringify-compiler': 'with the first answer that has a schema',
  'oidc-provider': 'with the first request that the protocol’s own ways do not answer',
  koa: 'with oidc-provider',
  jose: 'with the first credential of the command line or of an outside issuer',
  '@fastify/swagger': 'with the first question for the description of the API',
  '@cedar-policy/cedar-wasm': 'with the first bundle that is checked',
  '@simplewebauthn/server': 'with the first passkey',
  '@zxcvbn-ts/core': 'with the first password that is chosen',
  otpauth: 'with the first one-time code',
  qrcode: 'with the first authenticator app',
  nodemailer: 'with the first letter',
  yaml: 'with a configuration file',
  pg: 'with PostgreSQL',
  koffi: 'with a signing token',
  '@grpc/grpc-js': 'with the listener of ext_authz',
  undici: 'never: requests to others go through `Outgoing`',
}
/** Most modules of our own that a start may load: who needs more makes something of theirs later. */
const ownMost = 780

test('a start loads what every installation needs, and nothing that a rare request needs', async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  const noted = join(scratch.directory, 'modules.txt')
  const hook = new URL('../support/note-modules.ts', import.meta.url).href
  const server = await startChildServer({
    data: scratch.directory,
    environment: { NODE_OPTIONS: `--import=${hook}`, NOTE_MODULES_IN: noted },
  })
  await server.stop()
  const loaded = readFileSync(noted, 'utf8').split('\n')
  const packages = new Set(loaded.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]))
  for (const [name, when] of Object.entries(later))
    assert.ok(!packages.has(name), `${name} is loaded at the start; it comes ${when}`)
  const own = loaded.filter((url) => /\/packages\/[a-z]+\/src\//.test(url))
  assert.ok(
    own.some((url) => url.endsWith('packages/server/src/gatehouse.ts')),
    'the list is that of a start',
  )
  assert.ok(
    own.length <= ownMost,
    `${own.length} modules of our own are loaded at the start, at most ${ownMost} may be`,
  )
})
