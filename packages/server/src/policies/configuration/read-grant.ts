import { deployment, type EntityUid } from '#authorization'
import { parseUid } from '../places/uid.ts'
import { cedarTypeOf, type Item, parseRef } from './item.ts'
import type { Names } from './names.ts'

export interface NamedGrant {
  /** Name of the application, or `gatehouse` for its own roles. */
  readonly application: string
  readonly role: string
  /** Undefined for what does not exist. */
  readonly to: EntityUid | undefined
  readonly on: EntityUid | undefined
  readonly toText: string
  readonly onText: string
}

/** Reads what a grant's name says: `documents/viewer group:staff Folder::"handbook"`. */
export async function readGrantName(item: Pick<Item, 'organization' | 'name'>, names: Names): Promise<NamedGrant> {
  const name = item.name.replace(/ #\d+$/, '')
  const cut = name.indexOf('/')
  const match = / ((?:user|group|machine|application|organization):\S+|(?:\w+::)+"(?:[^"\\]|\\.)*") (.+)$/s.exec(name)
  if (cut < 0 || match === null) throw new TypeError(`${name} is not the name of a grant`)
  const [toText, onText] = [match[1] as string, match[2] as string]
  return {
    application: name.slice(0, cut),
    role: name.slice(cut + 1, match.index),
    to: await readUid(toText, item.organization, names),
    on: onText === 'deployment' ? deployment : await readUid(onText, item.organization, names),
    toText,
    onText,
  }
}

/** What a reference of the files of `home` names; undefined when there is no such thing of the directory. */
export async function readUid(text: string, home: string, names: Names): Promise<EntityUid | undefined> {
  const ref = parseRef(text, home)
  if (ref === undefined) return parseUid(text)
  const id = await names.idOf(ref)
  return id === undefined ? undefined : { type: cedarTypeOf[ref.kind], id }
}
