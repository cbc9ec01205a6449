import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Schema } from '@gatehouse/cedar'
import fc from 'fast-check'
import { acmeBundle, acmeFiles } from '../../../test/support/acme.ts'
import { readConfiguration } from '../configuration/read-configuration.ts'
import { Problems } from '../places/problem.ts'
import { checkBundle } from './check-bundle.ts'
import { directoryTypes, withPrelude } from './prelude.ts'

test('the directory types that applications see say what the built-in schema says, but for the deployment', () => {
  const path = new URL('../../authorization/builtin/gatehouse.cedarschema', import.meta.url)
  const typesOf = (text: string) => {
    const json = Schema.parse(text).toJson() as Record<string, { entityTypes: Record<string, object> }>
    return json['']?.entityTypes ?? {}
  }
  const own = typesOf(withPrelude('', new Set()))
  const builtin = typesOf(readFileSync(path, 'utf8'))
  assert.deepEqual(Object.keys(own).sort(), Object.keys(directoryTypes).sort())
  const { memberOfTypes, ...organization } = builtin.Organization as { memberOfTypes: string[] }
  assert.deepEqual(memberOfTypes, ['Gatehouse::Deployment'])
  assert.deepEqual(own, { ...builtin, Organization: organization })
})

/** A text with some of it cut out, doubled or replaced. */
const damaged = (text: string) =>
  fc
    .tuple(
      fc.nat(text.length),
      fc.nat(40),
      fc.oneof(fc.constantFrom('', ';', '"', '{', '}', '(', ':', '\n', '- ', '@id("x")', '/*', '\\'), fc.string()),
    )
    .map(([at, length, put]) => text.slice(0, at) + put + text.slice(at + length))

test('checkBundle: a damaged bundle is judged, never thrown over: a bundle, or problems with places in it', async () => {
  const files = acmeBundle()
  const paths = Object.keys(files)
  const hurt = fc.constantFrom(...paths).chain((path) => damaged(files[path] as string).map((text) => ({ path, text })))
  await fc.assert(
    fc.asyncProperty(hurt, async ({ path, text }) => {
      const { bundle, problems } = await checkBundle({ ...files, [path]: text })
      assert.equal(bundle === undefined, problems.length > 0)
      for (const { file, line, column } of problems) {
        const lines = (file === path ? text : (files[file] as string)).split('\n')
        assert.ok(line >= 1 && line <= lines.length + 1 && column >= 1, `${file}:${line}:${column}`)
      }
    }),
    { numRuns: 100 },
  )
})

test('readConfiguration: damaged files are judged, never thrown over', async () => {
  const files = acmeFiles()
  await fc.assert(
    fc.asyncProperty(damaged(files['acme.yaml'] as string), async (text) => {
      const problems = new Problems()
      const wanted = await readConfiguration({ ...files, 'acme.yaml': text }, problems)
      assert.equal(wanted === undefined, problems.any)
    }),
    { numRuns: 100 },
  )
})
