import type { Sentence } from '../words/words.tsx'
import type { FieldDef, Item, Move } from './noun.ts'

/** What several nouns of the directory share. */
export const text = (item: Item, name: string) => (typeof item[name] === 'string' ? (item[name] as string) : '')
export const nameField: FieldDef = {
  name: 'name',
  label: 'Name',
  kind: 'text',
  required: true,
  hint: 'Lower-case letters, digits and hyphens',
}
export const titleField: FieldDef = { name: 'displayName', label: 'Displayed name', kind: 'text' }

export const suspend = (asks: Sentence): Move => ({
  verb: 'suspend',
  label: 'Suspend',
  asks,
  done: 'Suspended',
  from: ['active'],
  danger: true,
  undo: 'activate',
})
export const activate: Move = {
  verb: 'activate',
  label: 'Activate',
  asks: 'It works again at once. You can suspend it again at any time.',
  done: 'Activated',
  from: ['suspended', 'invited', 'deactivated'],
}
