import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { cliPage } from './docs.ts'

test('docs/cli.md is what `node tools/write-docs.ts` makes of the commands', () => {
  const written = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')
  assert.equal(written, cliPage())
})
