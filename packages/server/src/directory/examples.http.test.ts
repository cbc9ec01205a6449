import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { startApi } from '../../test/support/api.ts'
import { onEachEngine } from '../../test/support/engines.ts'

const page = readFileSync(new URL('../../../../docs/directory.md', import.meta.url), 'utf8')
const examples = [...page.matchAll(/```http\n(GET|POST|PATCH|DELETE) (\S+)\n([^→]*)→ (\d+)(?: as (\w+))?\n([^`]*)```/g)]

/** Whether everything that `part` says stands in `whole`; lists are of the same length. */
function assertHolds(whole: unknown, part: unknown, place: string): void {
  if (typeof part !== 'object' || part === null) {
    assert.deepEqual(whole, part, place)
    return
  }
  assert.ok(typeof whole === 'object' && whole !== null, place)
  if (Array.isArray(part)) assert.equal((whole as unknown[]).length, part.length, place)
  for (const [name, value] of Object.entries(part))
    assertHolds((whole as Record<string, unknown>)[name], value, `${place}/${name}`)
}

onEachEngine('the examples of docs/directory.md do what the page says', async (s) => {
  assert.equal(examples.length, page.split('```http').length - 1, 'every example is understood')
  const api = await startApi(s)
  try {
    const known = new Map<string, Record<string, unknown>>()
    const fill = (text: string) =>
      text.replace(/\{(\w+)\.(\w+)\}/g, (_, name, member) => {
        const value = known.get(name)?.[member]
        assert.equal(typeof value, 'string', `${name}.${member}`)
        return String(value)
      })
    for (const [, method, path, body, status, name, expected] of examples) {
      const sent = body?.trim() === '' ? undefined : JSON.parse(fill(body as string))
      const reply = await api.call(method as string, fill(path as string), sent)
      const place = `${method} ${path}`
      assert.equal(reply.status, Number(status), `${place} ${JSON.stringify(reply.body)}`)
      assertHolds(reply.body, JSON.parse(fill(expected as string)), place)
      if (name !== undefined) known.set(name, reply.body)
    }
  } finally {
    await api.close()
  }
})
