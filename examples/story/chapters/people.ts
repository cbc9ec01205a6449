import assert from 'node:assert/strict'
import { join } from 'node:path'
import { enrol, type Person, signIn } from '../people.ts'
import { reasonOf, type Scene, timed } from '../scene.ts'

/** Alice opens a document; Bob may not, and is told why. */
export async function aliceAndBob({
  stage,
  teller,
  browser,
  pictures,
}: Scene): Promise<{ alice: Person; bob: Person }> {
  const budget = `${stage.origin}/documents/budget`
  teller.chapter('Alice opens the budget')
  if (browser === undefined) teller.tell('(No browser runs here: people of this story use plain HTTP.)')
  const alice = await enrol(stage, 'alice', 'violet harbour quiet tundra')
  teller.tell('Alice opens her invitation and chooses a password.')
  const asked = await alice.visitor.goto(budget)
  assert.ok(asked.url.startsWith(stage.server.url), `sent to ${asked.url}`)
  teller.tell(`She goes to ${budget} and is sent to sign in.`)
  if (pictures !== undefined) await alice.visitor.picture(join(pictures, 'sign-in.png'))
  const { value: seen, ms } = await timed(() => signIn(alice, asked))
  assert.equal(seen.url, budget)
  assert.equal(seen.status, 200, seen.text)
  assert.match(seen.text, /more on locks/)
  if (pictures !== undefined) await alice.visitor.picture(join(pictures, 'document.png'))
  teller.answer('Alice  GET /documents/budget', 'allowed', 'She is staff, and has clearance.', ms)
  const { value: again, ms: againMs } = await timed(() => alice.visitor.fetch(budget))
  assert.equal(again.status, 200)
  teller.tell('Once more, signed in: gateway, decision, record and document together.', againMs)

  teller.chapter('Bob tries the same')
  const bob = await enrol(stage, 'bob', 'copper ladder evening maps')
  const denied = await signIn(bob, await bob.visitor.goto(budget))
  assert.equal(denied.status, 403, denied.text)
  const answer = await bob.visitor.fetch(budget)
  assert.equal(answer.status, 403)
  const reason = reasonOf(answer)
  teller.answer(
    'Bob    GET /documents/budget',
    'denied',
    `${reason}: confidential documents are for people with clearance.`,
  )
  assert.equal(reason, 'confidential-needs-clearance')
  const welcome = await bob.visitor.fetch(`${stage.origin}/documents/welcome`)
  assert.equal(welcome.status, 200)
  teller.answer('Bob    GET /documents/welcome', 'allowed', 'The handbook is for everybody.')
  return { alice, bob }
}
