import type { Texts } from '../languages/languages.ts'
import { fill } from '../languages/say.ts'

type ScopeKey = Exclude<keyof Texts['scopes'], 'claim' | 'other'>
const isKnown = (t: Texts, name: string): name is ScopeKey =>
  Object.hasOwn(t.scopes, name) && name !== 'claim' && name !== 'other'

function sayScope(t: Texts, name: string): string {
  if (isKnown(t, name)) return t.scopes[name]
  return name.startsWith('claim:')
    ? fill(t.scopes.claim, { claim: name.slice('claim:'.length).replaceAll('_', ' ') })
    : fill(t.scopes.other, { scope: name })
}

/** What scopes mean to the person who is asked for them. */
export const sayScopes = (t: Texts, names: readonly string[]) =>
  names.map((name) => ({ name, says: sayScope(t, name) }))
