import type { Fault } from '#kernel'
import { english } from '../languages/languages.ts'
import type { ProfileValues, WrongValues } from '../pages/enrol.pages.ts'

const members: Readonly<Record<string, keyof ProfileValues>> = {
  '/displayName': 'name',
  '/username': 'username',
  '/email': 'email',
}

/** What the directory says against the values, at the fields it says it of; undefined when it says something else. */
export function wrongValues(fault: Fault): WrongValues | undefined {
  if (fault.code === 'directory.name_taken') return { username: (t) => t.enrol.taken }
  if (fault.code !== 'directory.invalid') return undefined
  const wrong: { -readonly [K in keyof WrongValues]: WrongValues[K] } = {}
  for (const { pointer, detail } of (fault.extra?.errors ?? []) as { pointer: string; detail: string }[]) {
    const member = members[pointer]
    // The directory says what is wrong in English only.
    if (member !== undefined) wrong[member] ??= (t) => (t === english ? `It ${detail}.` : t.enrol[`${member}Wrong`])
  }
  return wrong
}
