import type { Located } from '../places/yaml.ts'

/** What the sign-in policies of an organization are called among its policies; no application can be. */
export const signInItem = '@sign-in'

/** What a configuration is made of. The order is the one they are created in. */
export const itemKinds = [
  'organization',
  'user',
  'group',
  'machine',
  'application',
  'provider',
  'policies',
  'resource',
  'grant',
] as const
export type ItemKind = (typeof itemKinds)[number]

/**
 * One thing that a configuration speaks of, by names alone: no id of any server stands in it. `fields` are plain JSON; one that
 * is absent is left as it is.
 */
export interface Item {
  readonly kind: ItemKind
  /** Name of the organization. */
  readonly organization: string
  /** Unique among its kind in the organization; an organization's is its own. */
  readonly name: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** An item as it stands in a file. */
export interface WantedItem extends Item {
  readonly at: Located
}

export const keyOf = (item: Pick<Item, 'kind' | 'organization' | 'name'>) =>
  `${item.kind} ${item.organization}/${item.name}`

/** Tells several grants of one name apart. */
export const numbered = (name: string, index: number) => (index === 0 ? name : `${name} #${index + 1}`)

/** The name of a resource or grant begins with its application's. */
export const applicationOf = (name: string) => name.slice(0, name.indexOf('/'))

/** Somebody or something of the directory by name: `user:alice`, in another organization `user:partner/carol`. */
export interface NamedRef {
  readonly kind: 'user' | 'group' | 'machine' | 'application' | 'organization'
  readonly organization: string
  readonly name: string
}

const refShape = /^(user|group|machine|application):(?:([a-z0-9-]{1,63})\/)?([^/\s]{1,128})$/u

/** Reads `kind:name`, `kind:organization/name` or `organization:name`; undefined when it is none. */
export function parseRef(text: string, home: string): NamedRef | undefined {
  const organization = /^organization:([a-z0-9-]{1,63})$/.exec(text)?.[1]
  if (organization !== undefined) return { kind: 'organization', organization, name: organization }
  const match = refShape.exec(text)
  if (match === null) return undefined
  return { kind: match[1] as NamedRef['kind'], organization: match[2] ?? home, name: match[3] as string }
}

/** A reference as it is written in the files of `home`. */
export function formatRef(ref: NamedRef, home: string): string {
  if (ref.kind === 'organization') return `organization:${ref.organization}`
  return ref.organization === home ? `${ref.kind}:${ref.name}` : `${ref.kind}:${ref.organization}/${ref.name}`
}

export const cedarTypeOf = {
  user: 'User',
  group: 'Group',
  machine: 'Machine',
  application: 'Application',
  organization: 'Organization',
} as const
