import assert from 'node:assert/strict'
import { gatehouseJson } from './command.ts'
import type { Stage } from './stage.ts'
import type { Seen, Visitor } from './visitor.ts'

/** Somebody of Acme who can sign in. */
export interface Person {
  readonly name: string
  readonly password: string
  readonly visitor: Visitor
}

/** Somebody opens the one-time link that an operator made for them and chooses a password. */
export async function enrol(stage: Stage, name: string, password: string): Promise<Person> {
  const { url } = await gatehouseJson<{ url: string }>(stage.data, 'user', 'link', `acme/${name}`)
  const first = await stage.newVisitor()
  await first.openLink(url)
  await first.goto(`${stage.server.url}/enrol/password`)
  await first.press('Save password', { password, again: password })
  await first.close()
  // The next day, at another browser.
  return { name, password, visitor: await stage.newVisitor() }
}

/** Signs in on the page that is in front of them, and lands where they wanted to go. */
export async function signIn({ name, password, visitor }: Person, asked: Seen): Promise<Seen> {
  assert.match(asked.text, /Sign in/, `${name} is not asked to sign in at ${asked.url}`)
  let seen = await visitor.press('Continue', { login: `${name}@acme.example` })
  assert.match(seen.text, /Welcome back/, seen.text)
  seen = await visitor.press('Sign in', { password })
  return seen
}
