import { deployment } from '../api/rights.ts'
import type { Stamped, Uid } from '../api/types.ts'
import type { Icon } from '../parts/icons.ts'
import { quote } from '../parts/small.tsx'
import type { Sentence } from '../words/words.tsx'

/** Any object of the directory as the API shows it. */
export type Item = Stamped & Readonly<Record<string, unknown>>

export interface FieldDef {
  /** Its member in the API; dots for members of members. */
  readonly name: string
  readonly label: Sentence
  readonly kind:
    | 'text'
    | 'lines'
    | 'pairs'
    | 'texts'
    | 'select'
    | 'checks'
    | 'number'
    | 'check'
    | 'routes'
    | 'user'
    | 'picture'
  readonly options?: readonly string[]
  readonly hint?: Sentence
  readonly required?: boolean
  /** Only when it is created. */
  readonly once?: boolean
  /** Emptied, it is removed by null. */
  readonly nullable?: boolean
}

export interface Move {
  readonly verb: string
  readonly label: Sentence
  readonly asks: Sentence
  readonly done: Sentence
  readonly from: readonly string[]
  readonly danger?: boolean
  /** The verb that takes it back. */
  readonly undo?: string
}

export interface Noun {
  readonly path: 'organizations' | 'users' | 'groups' | 'machines' | 'applications' | 'providers'
  readonly icon: Icon
  readonly type: string
  readonly many: Sentence
  readonly one: Sentence
  readonly create: Sentence
  readonly createAction: string
  readonly viewAction: string
  readonly updateAction: string
  readonly deleteAction: string
  readonly deleteAsks: Sentence
  readonly actionOf: (verb: string) => string
  /** What rights on it are asked on, where it is no resource itself. */
  readonly rightsOn?: (item: Item) => Uid
  readonly nameOf: (item: Item) => string
  readonly states: readonly string[]
  readonly fields: readonly FieldDef[]
  readonly moves: readonly Move[]
  readonly teach: Sentence
  readonly cli: string
}

/** What the right to create one is asked on. */
export const placeOf = (organizationId: string | undefined): Uid =>
  organizationId === undefined || organizationId === '' ? deployment : { type: 'Organization', id: organizationId }

/** The command that does the same. */
export function cliOf(noun: Noun, item: Item, verb: string): string {
  const where = noun.path === 'organizations' ? '' : ` --organization ${quote(String(item.organizationId))}`
  return `gatehouse ${noun.cli} ${verb} ${quote(noun.nameOf(item))}${where}`
}
