import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

test('docs/conformance.md names tests that are there, by the words of their claims', () => {
  const page = readFileSync(new URL('../../../../../docs/conformance.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\|.*\| `([\w-]+\/[\w.-]+\.test\.ts)`: (.+) \|$/gm)]
  assert.ok(rows.length >= 15)
  for (const [, file, claim] of rows) {
    const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
    assert.ok(text.includes(claim as string), `${file} has no test that says "${claim}"`)
  }
})
