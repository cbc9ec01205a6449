import assert from 'node:assert/strict'
import type { Reply } from './api.ts'

type Known = Map<string, Record<string, unknown>>
const shape = /```http\n(GET|POST|PATCH|DELETE) (\S+)\n([^→]*)→ (\d+)(?: as (\w+))?\n([^`]*)```/g

/**
 * Does what the `http` examples of a page say, one after another: a request above the arrow, what the answer holds below it;
 * `{alice.id}` is taken from the answer called `alice`.
 */
export async function runPageExamples(
  page: string,
  call: (method: string, path: string, body?: unknown) => Promise<Pick<Reply, 'status' | 'body'>>,
  known: Known = new Map(),
): Promise<Known> {
  const examples = [...page.matchAll(shape)]
  assert.equal(examples.length, page.split('```http').length - 1, 'every example is understood')
  const fill = (text: string) =>
    text.replace(/\{(\w+)\.(\w+)\}/g, (_, name, member) => {
      const value = known.get(name)?.[member]
      assert.equal(typeof value, 'string', `${name}.${member}`)
      return String(value)
    })
  for (const [, method, path, body, status, name, expected] of examples) {
    const sent = body?.trim() === '' ? undefined : JSON.parse(fill(body as string))
    const reply = await call(method as string, fill(path as string), sent)
    const place = `${method} ${path}`
    assert.equal(reply.status, Number(status), `${place} ${JSON.stringify(reply.body)}`)
    assertHolds(reply.body, JSON.parse(fill(expected as string)), place)
    if (name !== undefined) known.set(name, reply.body)
  }
  return known
}

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
