import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { allFaults } from '#kernel'
import { pages } from '../../src/docs.ts'
import { scratchDatabase } from '../support/engines.ts'
import { startTestServer } from '../support/server.ts'

interface Described {
  openapi: string
  paths: Record<string, Record<string, Record<string, unknown>>>
  components: { schemas: { Problem: { properties: { code: { enum: string[] } } } } }
}

const scratch = await scratchDatabase('sqlite')
const server = await startTestServer(scratch)
after(async () => {
  await server.close()
  await scratch.remove()
})
const document = (await (await fetch(`${server.url}/api/openapi.json`)).json()) as Described
const described = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, it]) => ({ path, method, it })),
)

test('/api/openapi.json is a valid OpenAPI 3.1 document', async () => {
  assert.equal(document.openapi, '3.1.0')
  const { valid, errors } = await new Validator().validate(structuredClone(document) as never)
  assert.equal(valid, true, JSON.stringify(errors, null, 1))
})

test('every operation is described, once, with who may call it and what an error looks like', () => {
  const ids = described.map(({ it }) => it.operationId)
  assert.deepEqual([...ids].sort(), server.web.operations.map(({ id }) => id).sort())
  assert.equal(new Set(ids).size, ids.length)
  for (const { path, method, it } of described) {
    const access = it['x-gatehouse-access'] as { kind: string }
    assert.match(access?.kind ?? 'none', /^(action|self|open|protocol)$/, `${method} ${path}`)
    assert.deepEqual((it.responses as Record<string, unknown>).default, { $ref: '#/components/responses/Problem' })
  }
})

test('every schema of every operation compiles, so that no request can be the first to find that it does not', () => {
  for (const { id, schemas } of server.web.operations)
    for (const [part, schema] of Object.entries(schemas)) {
      const ajv = new Ajv2020({ strictTypes: false, strictTuples: false })
      ;(formats as unknown as (it: Ajv2020) => void)(ajv)
      assert.doesNotThrow(() => ajv.compile(schema as object), `${id} ${part}`)
    }
})

test('code, docs and OpenAPI list the same faults', () => {
  const codes = [...allFaults().keys()].sort()
  assert.deepEqual(document.components.schemas.Problem.properties.code.enum, codes)
  const page = readFileSync(new URL('../../../../docs/faults.md', import.meta.url), 'utf8')
  const listed = [...page.matchAll(/^\| `([a-z_]+\.[a-z_]+)` \|/gm)].map((match) => match[1])
  assert.deepEqual([...listed].sort(), codes, 'run: node tools/write-docs.ts')
})

test('each fault says what to do, in a sentence, with an HTTP error status', () => {
  for (const [code, { status, says }] of allFaults()) {
    assert.match(code, /^[a-z]+\.[a-z_]+$/)
    assert.ok(status >= 400 && status < 600, code)
    assert.match(says, /^[A-Z].{8,}[^.]$/, code)
  }
})

for (const [name, make] of Object.entries(pages)) {
  test(`docs/${name} is what the code makes`, async () => {
    const written = readFileSync(new URL(`../../../../docs/${name}`, import.meta.url), 'utf8')
    assert.equal(written, await make(), 'run: node tools/write-docs.ts')
  })
}

/** What an administrator does elsewhere than in the console, and why. */
const elsewhere: Readonly<Record<string, string>> = {
  'audit.bodies': 'for verifiers: the bodies of many leaves at once',
  'audit.entry': 'for verifiers',
  'audit.proof': 'for verifiers',
  'backups.create': 'a file of everything: gatehouse backup writes it where it is kept',
  'configuration.plan': 'configuration is files: gatehouse plan and gatehouse apply',
  'tokens.revoke': 'a token is pasted nowhere but into a terminal: gatehouse revoke token',
  'users.importPassword': 'for programs that move people from another system',
}

test('the console does whatever an administrator may do by the API, or it is said why not', () => {
  const root = new URL('../../../console/src/', import.meta.url)
  const source = globSync('**/*.{ts,tsx}', { cwd: root })
    .map((file) => readFileSync(new URL(file, root), 'utf8'))
    .join('\n')
  const has = (url: string) => {
    const words = url.split('/').filter((word) => word !== '' && !word.startsWith(':'))
    return words.slice(1).every((word) => new RegExp(`/${word}[\\\`'"?/]|'${word}'`).test(source))
  }
  const decided = server.web.operations.filter(({ access, url }) => access.kind === 'action' && url.startsWith('/api/'))
  const missing = decided.filter(({ url }) => !has(url)).map(({ id }) => id)
  assert.deepEqual(missing.sort(), Object.keys(elsewhere).sort())
})
