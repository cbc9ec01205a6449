import { CedarError, entityToJson, Schema } from '@gatehouse/cedar'
import type { EntityJson, EntityUid } from '#authorization'
import { Fault } from '#kernel'
import type { Reader } from '#storage'
import { loadActive } from '../bundles/bundle.store.ts'
import { directoryTypes } from '../bundles/prelude.ts'
import type { Problems } from '../places/problem.ts'
import { formatUid, parseUid } from '../places/uid.ts'
import { problemAt } from '../places/yaml.ts'
import { applicationOf, cedarTypeOf, parseRef, type WantedItem } from './item.ts'
import type { Known } from './known.ts'
import type { Names } from './names.ts'
import type { Wanted } from './read-configuration.ts'
import { readUid } from './read-grant.ts'
import { ordered } from './resource.ts'

/**
 * Reads the resources that the files want by the schema of the bundle that will be in force, into the form in which they are
 * kept, still by names. Tells at its place what does not fit the schema.
 */
export async function readResources(db: Reader, wanted: Wanted, known: Known, problems: Problems): Promise<Wanted> {
  const schemas = new Map<string, Schema | undefined>()
  const items: WantedItem[] = []
  for (const item of wanted.items) {
    if (item.kind !== 'resource') {
      items.push(item)
      continue
    }
    const key = `${item.organization}/${applicationOf(item.name)}`
    if (!schemas.has(key)) schemas.set(key, await schemaOf(db, key, wanted, known))
    const schema = schemas.get(key)
    if (schema === undefined) problemAt(item.at, problems, `${key} has no policies: resources are read by their schema`)
    else items.push(readOne(item, schema, problems) ?? item)
  }
  return { ...wanted, items }
}

async function schemaOf(db: Reader, key: string, wanted: Wanted, known: Known): Promise<Schema | undefined> {
  const application = known.applications.get(key)
  const text =
    wanted.bundles.get(key)?.bundle?.schema ?? (application && (await loadActive(db, application.id))?.schema)
  return text === undefined ? undefined : Schema.fromJson(JSON.parse(text))
}

function readOne(item: WantedItem, schema: Schema, problems: Problems): WantedItem | undefined {
  const uid = parseUid(item.name.slice(item.name.indexOf('/') + 1)) as EntityUid
  if (Object.hasOwn(directoryTypes, uid.type))
    return problemAt(item.at, problems, `${uid.type} is the directory's: list it there, not among the resources`)
  const { parents, attributes, tags } = item.fields as { parents: string[]; attributes: object; tags: object }
  try {
    const json = {
      uid,
      parents: parents.map(asEntity),
      attrs: withEntities(attributes),
      ...(Object.keys(tags).length > 0 && { tags: withEntities(tags) }),
    }
    const read = entityToJson(schema.entity(json)) as unknown as EntityJson
    const fields = { parents, attributes: ordered(withRefs(read.attrs)), tags: ordered(withRefs(read.tags ?? {})) }
    return { ...item, fields }
  } catch (error) {
    if (error instanceof CedarError || error instanceof Misspelt) return problemAt(item.at, problems, error.message)
    throw error
  }
}

class Misspelt extends Error {}

/** An entity of the files as Cedar JSON. One of the directory has its reference for an id: only the database knows the real one. */
function asEntity(text: string): EntityUid {
  const ref = parseRef(text, '')
  const uid = ref === undefined ? parseUid(text) : { type: cedarTypeOf[ref.kind], id: text }
  if (uid === undefined) throw new Misspelt(`${text} is not an entity, as in user:alice or Folder::"handbook"`)
  return uid
}

function withEntities(value: unknown): unknown {
  return mapEntities(value, (written) => (typeof written === 'string' ? asEntity(written) : written))
}

function withRefs(value: unknown): unknown {
  return mapEntities(value, (written) => {
    const uid = written as EntityUid
    if (!Object.hasOwn(directoryTypes, uid.type)) return formatUid(uid)
    if (parseRef(uid.id, '') !== undefined || parseUid(uid.id) !== undefined) return uid.id
    throw new Misspelt(`${formatUid(uid)} is the directory's: name it, as in { __entity: user:alice }`)
  })
}

function mapEntities(value: unknown, map: (written: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => mapEntities(item, map))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
  const [only] = members
  if (members.length === 1 && only?.[0] === '__entity') return { __entity: map(only[1]) }
  return Object.fromEntries(members.map(([key, inner]) => [key, mapEntities(inner, map)]))
}

/** A resource of the files as it is kept: names become ids. @throws {Fault} `policies.reference_unknown` */
export async function resourceOf(item: WantedItem, names: Names): Promise<EntityJson> {
  const { parents, attributes, tags } = item.fields as { parents: string[]; attributes: object; tags: object }
  const ids = new Map<string, EntityUid>()
  const need = (text: string) => void ids.set(text, { type: '', id: '' })
  for (const text of parents) need(text)
  mapEntities([attributes, tags], (written) => need(written as string))
  for (const text of ids.keys()) {
    const uid = await readUid(text, item.organization, names)
    if (uid === undefined) throw new Fault('policies.reference_unknown', { detail: `there is no ${text}` })
    ids.set(text, uid)
  }
  const kept = (value: unknown) =>
    mapEntities(value, (written) => ids.get(written as string)) as Record<string, unknown>
  return {
    uid: parseUid(item.name.slice(item.name.indexOf('/') + 1)) as EntityUid,
    parents: parents.map((text) => ids.get(text) as EntityUid),
    attrs: kept(attributes),
    ...(Object.keys(tags).length > 0 && { tags: kept(tags) }),
  }
}
