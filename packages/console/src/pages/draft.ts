import type { FieldDef, Item } from './noun.ts'

/** What somebody types: each field as text, as it stands in its control. */
export type Draft = Readonly<Record<string, string>>

interface Route {
  readonly method: string
  readonly path: string
  readonly action: string
  readonly resource: string
}

export function memberOf(item: unknown, name: string): unknown {
  return name.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], item)
}

function show({ kind }: FieldDef, value: unknown): string {
  if (value === undefined || value === null) return ''
  switch (kind) {
    case 'lines':
    case 'checks':
      return (value as string[]).join('\n')
    case 'pairs':
      return Object.entries(value as Record<string, string>)
        .map(([name, text]) => `${name}: ${text}`)
        .join('\n')
    case 'texts':
      return Object.entries(value as Record<string, Record<string, string>>)
        .flatMap(([language, own]) => Object.entries(own).map(([name, text]) => `${language}.${name}: ${text}`))
        .join('\n')
    case 'routes':
      return (value as Route[]).map((it) => `${it.method} ${it.path} ${it.action} ${it.resource}`).join('\n')
    default:
      return String(value)
  }
}

const linesOf = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

function read({ kind, nullable, name }: FieldDef, text: string): unknown {
  switch (kind) {
    case 'lines':
    case 'checks':
      return linesOf(text)
    case 'pairs':
      return Object.fromEntries(
        linesOf(text).map((line) => {
          const [name, ...rest] = line.split(':')
          return [(name as string).trim(), rest.join(':').trim()]
        }),
      )
    case 'texts': {
      const texts: Record<string, Record<string, string>> = {}
      for (const line of linesOf(text)) {
        const [place = '', ...rest] = line.split(':')
        const [language = '', key = ''] = place.trim().split('.')
        texts[language] = { ...texts[language], [key]: rest.join(':').trim() }
      }
      return texts
    }
    case 'routes':
      return linesOf(text).map((line) => {
        const [method = '', path = '', action = '', ...resource] = line.split(/\s+/)
        return { method, path, action, resource: resource.join(' ') }
      })
    case 'number':
      return text.trim() === '' ? undefined : Number(text)
    case 'check':
      return text === 'true'
    default:
      // A member of a member that is emptied is as usual again: it is left out.
      if (text.trim() === '' && name.includes('.')) return undefined
      return text.trim() === '' && nullable ? null : text.trim()
  }
}

export function draftOf(fields: readonly FieldDef[], item: Item | undefined): Draft {
  return Object.fromEntries(fields.map((field) => [field.name, show(field, memberOf(item, field.name))]))
}

/** Names of the fields in which two drafts differ. */
export const changedIn = (before: Draft, after: Draft): string[] =>
  Object.keys(after).filter((name) => (before[name] ?? '') !== after[name])

/** The changed fields as the API takes them: members of members are sent with their neighbours. */
export function bodyOf(fields: readonly FieldDef[], draft: Draft, changed: readonly string[], item: Item | undefined) {
  const body: Record<string, unknown> = {}
  for (const field of fields) {
    if (!changed.includes(field.name)) continue
    const value = read(field, draft[field.name] ?? '')
    const [top, ...rest] = field.name.split('.') as [string, ...string[]]
    if (rest.length === 0) {
      body[top] = value
      continue
    }
    body[top] ??= structuredClone(item?.[top] ?? {})
    let at = body[top] as Record<string, unknown>
    for (const key of rest.slice(0, -1)) {
      at[key] ??= {}
      at = at[key] as Record<string, unknown>
    }
    const last = rest.at(-1) as string
    if (value === undefined) delete at[last]
    else at[last] = value
  }
  return body
}

export interface Merged {
  readonly name: string
  readonly before: string
  readonly mine: string
  readonly theirs: string
  /** Both changed it, differently: somebody must choose. */
  readonly clash: boolean
}

/** Two people's changes of one thing, field by field; what nobody changed is left out. */
export function mergeOf(before: Draft, mine: Draft, theirs: Draft): Merged[] {
  return Object.keys(mine).flatMap((name) => {
    const [a = '', b = '', c = ''] = [before[name], mine[name], theirs[name]]
    if (a === b && a === c) return []
    return [{ name, before: a, mine: b, theirs: c, clash: a !== b && a !== c && b !== c }]
  })
}
