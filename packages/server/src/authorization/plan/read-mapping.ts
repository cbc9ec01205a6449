import { type Column, containsBy, type Dialect, type Kind, type Mapping, withinBy } from '@gatehouse/cedar/sql'
import { isMembers, type Members, wrong } from '../authzen/request.ts'

const dialects: Readonly<Record<string, Dialect>> = { postgresql: 'postgres', mysql: 'mysql', sqlite: 'sqlite' }
const kinds: Readonly<Record<string, Kind>> = {
  string: 'string',
  long: 'long',
  boolean: 'bool',
  entity: 'entity',
  datetime: 'datetime',
  duration: 'duration',
  decimal: 'decimal',
}
/** A name in SQL, with its table and schema before it; never quoted by the caller. */
const nameShape = /^[A-Za-z_]\w{0,62}(?:\.[A-Za-z_]\w{0,62}){0,2}$/
const attributesMost = 200

/**
 * Reads how the caller stores resources: `dialect`, the column `id`, `attributes` by path, `ancestors` and `sets` as tables.
 * @param typeOf the Cedar type of an AuthZEN type
 * @throws {Fault} `authorization.request_invalid` with the place
 */
export function readMapping(given: unknown, typeOf: (type: string) => string): Mapping {
  const at = '/body/sql'
  const members = membersOf(given, at)
  const dialect = choose(dialects, members.dialect, `${at}/dialect`)
  const id = readName(members.id, `${at}/id`)
  const entityType = (of: Members, where: string) =>
    of.type === 'entity' ? { entityType: typeOf(readTypeName(of.entityType, `${where}/entityType`)) } : {}
  const within = (of: unknown, where: string, child: string) => {
    if (of === undefined) return {}
    const table = membersOf(of, where)
    const names = (['table', 'child', 'type', 'id'] as const).map((name) => [
      name,
      readName(table[name], `${where}/${name}`),
    ])
    return { within: withinBy(dialect, Object.fromEntries(names), child) }
  }
  const attributes: [string, Column][] = entries(members.attributes, `${at}/attributes`).map(([path, of, where]) => {
    const column = readName(of.column, `${where}/column`)
    const kind = choose(kinds, of.type, `${where}/type`)
    const optional = of.optional === true ? { optional: true } : {}
    return [
      path,
      { column, kind, ...optional, ...entityType(of, where), ...within(of.ancestors, `${where}/ancestors`, column) },
    ]
  })
  const sets = entries(members.sets, `${at}/sets`).map(([path, of, where]) => {
    const [table, owner, value] = (['table', 'owner', 'value'] as const).map((name) =>
      readName(of[name], `${where}/${name}`),
    )
    const kind = choose(kinds, of.type, `${where}/type`)
    const spec = {
      table: table as string,
      owner: owner as string,
      value: value as string,
      kind,
      ...entityType(of, where),
    }
    return [path, containsBy(dialect, spec, id)] as const
  })
  return {
    dialect,
    id,
    attributes: Object.fromEntries(attributes),
    contains: Object.fromEntries(sets),
    ...within(members.ancestors, `${at}/ancestors`, id),
  }
}

function membersOf(given: unknown, at: string): Members {
  if (!isMembers(given)) throw wrong(at, given === undefined ? 'is missing' : 'must be an object')
  return given
}

function entries(given: unknown, at: string): [path: string, of: Members, at: string][] {
  if (given === undefined) return []
  const all = Object.entries(membersOf(given, at))
  if (all.length > attributesMost) throw wrong(at, `has more than ${attributesMost} members`)
  return all.map(([path, of]) => [path, membersOf(of, `${at}/${path}`), `${at}/${path}`])
}

function choose<T>(of: Readonly<Record<string, T>>, given: unknown, at: string): T {
  if (typeof given !== 'string' || !Object.hasOwn(of, given))
    throw wrong(at, `must be one of ${Object.keys(of).join(', ')}`)
  return of[given] as T
}

function readName(given: unknown, at: string): string {
  if (typeof given !== 'string' || !nameShape.test(given))
    throw wrong(at, 'must be a name of SQL, as in documents.owner_id')
  return given
}

function readTypeName(given: unknown, at: string): string {
  if (typeof given !== 'string' || given.length === 0 || given.length > 200) throw wrong(at, 'must name an entity type')
  return given
}
