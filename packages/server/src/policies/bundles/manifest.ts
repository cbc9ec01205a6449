import type { Problems } from '../places/problem.ts'
import { flag, list, named, object, oneOf, placed, text } from '../places/shape.ts'
import { type Located, problemAt, readYaml } from '../places/yaml.ts'

/** What a bundle says beside its policies: how callers speak, and which templates people may be given. */
export interface Manifest {
  /** AuthZEN type → Cedar entity type, where they differ. */
  readonly types: Readonly<Record<string, string>>
  /** The namespace that action names stand in. */
  readonly actionNamespace?: string
  /** By which of its names a caller may name a directory user. */
  readonly userNames: readonly ('id' | 'username' | 'email')[]
  /** Attributes that a caller may supply with a request: Cedar entity type → names. */
  readonly suppliedAttributes: Readonly<Record<string, readonly string[]>>
  /** Attributes whose values explanations never show. */
  readonly secretAttributes?: readonly string[]
  /** Templates that are roles, by id. Empty: every template is one. */
  readonly roles: Readonly<Record<string, Role>>
}

export interface Role {
  readonly title?: string
  /** A grant of it must have an end. */
  readonly end: 'required' | 'optional'
  /** Longest a grant of it may last, in milliseconds. */
  readonly longestMs?: number
  /** Kept for emergencies: a grant of it is told at once, and has an end. */
  readonly breakGlass?: true
}

/** A manifest with the places that later checks tell of. */
export interface PlacedManifest {
  readonly manifest: Manifest
  readonly root: Located | undefined
  readonly roleAt: ReadonlyMap<string, Located>
  readonly typeAt: readonly { type: string; at: Located }[]
}

const name = /^(?:[A-Za-z_][A-Za-z0-9_]*::)*[A-Za-z_][A-Za-z0-9_]*$/
const typeName = { pattern: name, says: 'is not an entity type name' }
const duration = { pattern: /^[1-9][0-9]{0,5}(?:m|h|d)$/, says: 'is not a duration, as in 30m, 8h or 90d' }
const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const attribute = text({ pattern: /^[A-Za-z_]\w{0,99}$/, says: 'is not an attribute name' })
const role = object(
  {},
  {
    title: text({ most: 200 }),
    end: oneOf('required', 'optional'),
    longest: text(duration),
    break_glass: flag,
  },
)

const shape = object(
  {},
  {
    types: named(placed(text(typeName)), { pattern: /^\S{1,200}$/, says: 'is not a type that a caller can name' }),
    action_namespace: text({ pattern: name, says: 'is not a namespace' }),
    user_names: list(oneOf('id', 'username', 'email')),
    supplied_attributes: named(placed(list(attribute)), typeName),
    secret_attributes: list(attribute),
    roles: named(placed(role)),
  },
)

const emptyManifest: Manifest = { types: {}, userNames: ['id'], suppliedAttributes: {}, roles: {} }
const empty: PlacedManifest = { manifest: emptyManifest, root: undefined, roleAt: new Map(), typeAt: [] }

/** A duration as the files write it, in milliseconds. */
export function parseDuration(written: string): number {
  return Number(written.slice(0, -1)) * unitMs[written.at(-1) as keyof typeof unitMs]
}

/** Reads `manifest.yaml`; an empty or absent one maps every type to itself. Undefined after a problem. */
export function readManifest(file: string, source: string | undefined, problems: Problems): PlacedManifest | undefined {
  if (source === undefined) return empty
  const documents = readYaml(file, source, problems)
  if (documents === undefined) return undefined
  const [first, second] = documents
  if (first === undefined) return empty
  if (second !== undefined) return problemAt(second, problems, 'the manifest is one document')
  const read = shape(first, problems)
  if (read === undefined) return undefined
  const types = [...(read.types ?? [])]
  const supplied = [...(read.supplied_attributes ?? [])]
  const roles = [...(read.roles ?? [])]
  return {
    manifest: {
      types: Object.fromEntries(types.map(([from, to]) => [from, to.value])),
      ...(read.action_namespace !== undefined && { actionNamespace: read.action_namespace }),
      userNames: read.user_names ?? emptyManifest.userNames,
      suppliedAttributes: Object.fromEntries(supplied.map(([type, names]) => [type, names.value])),
      ...(read.secret_attributes !== undefined && { secretAttributes: read.secret_attributes }),
      roles: Object.fromEntries(
        roles.map(([id, { value }]) => [
          id,
          {
            ...(value.title !== undefined && { title: value.title }),
            end: value.end ?? (value.break_glass === true ? 'required' : 'optional'),
            ...(value.break_glass === true && { breakGlass: true }),
            ...(value.longest !== undefined && { longestMs: parseDuration(value.longest) }),
          },
        ]),
      ),
    },
    root: first,
    roleAt: new Map(roles.map(([id, { at }]) => [id, at])),
    typeAt: [
      ...types.map(([, { value, at }]) => ({ type: value, at })),
      ...supplied.map(([type, { at }]) => ({ type, at })),
    ],
  }
}
