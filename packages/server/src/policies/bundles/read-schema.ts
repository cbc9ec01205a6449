import { Schema } from '@gatehouse/cedar'
import { type Problems, placeIn } from '../places/problem.ts'
import { bundleLimits, schemaFile } from './bundle-files.ts'
import { declaredAtTop, tokensOf, tooDeepAt } from './cedar-text.ts'
import { directoryTypes, withPrelude } from './prelude.ts'
import { placeOfCedarError } from './read-policies.ts'

/** Cedar's JSON form of a schema, as far as this room looks into it. */
export type SchemaJson = Readonly<Record<string, NamespaceJson>>
interface NamespaceJson {
  readonly entityTypes?: Readonly<Record<string, EntityTypeJson>>
  readonly actions?: Readonly<Record<string, { readonly appliesTo?: unknown }>>
}
interface EntityTypeJson {
  readonly memberOfTypes?: readonly string[]
  readonly shape?: { readonly type?: string; readonly attributes?: Readonly<Record<string, AttributeJson>> }
  readonly tags?: unknown
  readonly enum?: unknown
}
interface AttributeJson {
  readonly required?: boolean
  readonly [member: string]: unknown
}

export interface ReadSchema {
  readonly schema: Schema
  readonly json: SchemaJson
  /** The whole text that policies are validated against: the bundle's and the directory's. */
  readonly text: string
}

/** Reads the schema of a bundle together with the directory's types. Undefined after a problem. */
export function readSchema(text: string, problems: Problems): ReadSchema | undefined {
  const problem = (at: number, says: string, help?: string) =>
    problems.add({ file: schemaFile, ...placeIn(text, at), says, ...(help !== undefined && { help }) })
  const deep = tooDeepAt(text, bundleLimits.depth)
  if (deep !== undefined) return problem(deep, `brackets nest deeper than ${bundleLimits.depth}`)
  for (const token of tokensOf(text))
    if (token.kind === 'word' && token.text === 'Gatehouse')
      return problem(token.at, 'an application cannot speak of Gatehouse::, which only Gatehouse itself decides')
  const declared = declaredAtTop(text)
  const whole = withPrelude(text, declared)
  try {
    const schema = Schema.parse(whole)
    const json = schema.toJson() as SchemaJson
    const ours = Schema.parse(withPrelude('', new Set())).toJson() as SchemaJson
    for (const name of Object.keys(directoryTypes))
      if (declared.has(name))
        checkDirectoryType(name, json, ours, (says, help) => problem(placeOfType(text, name), says, help))
    return problems.any ? undefined : { schema, json, text: whole }
  } catch (error) {
    const place = placeOfCedarError(error, whole, 0)
    const own = text.split('\n').length
    return problems.add({ file: schemaFile, ...place, ...(place.line > own && { line: own, column: 1 }) })
  }
}

function placeOfType(text: string, name: string): number {
  for (const token of tokensOf(text)) if (token.kind === 'word' && token.text === name) return token.at
  return 0
}

/**
 * A schema may declare a directory type itself, as files that other tools read do. INVARIANT: it then claims nothing that the
 * directory does not keep: an attribute that never comes would make policies err at run time, and a `forbid` that errs is skipped.
 */
function checkDirectoryType(
  name: string,
  json: SchemaJson,
  ours: SchemaJson,
  problem: (says: string, help?: string) => void,
): void {
  const given = json['']?.entityTypes?.[name]
  const kept = ours['']?.entityTypes?.[name]
  if (given === undefined || kept === undefined) {
    problem(`${name} is an entity type of the directory: give your own type another name`)
    return
  }
  if (given.enum !== undefined) problem(`${name} is the directory's: its ids cannot be enumerated`)
  for (const parent of given.memberOfTypes ?? [])
    if (!(kept.memberOfTypes ?? []).includes(parent))
      problem(
        `${name} is the directory's and never lies in ${parent}`,
        'hold the relation in an attribute of your own type',
      )
  for (const [attribute, type] of Object.entries(given.shape?.attributes ?? {})) {
    const known = kept.shape?.attributes?.[attribute]
    if (known === undefined)
      problem(
        `${name} is the directory's and has no attribute ${attribute}`,
        name === 'User'
          ? `custom attributes are tags: principal.hasTag("${attribute}") && principal.getTag("${attribute}") == "…"`
          : `it has ${Object.keys(kept.shape?.attributes ?? {}).join(', ')}`,
      )
    else if (spell(type) !== spell(known)) problem(`${name}.${attribute} has another type in the directory`)
    else if (type.required !== false && known.required === false)
      problem(`${name}.${attribute} is not always there: declare it as ${attribute}?`)
  }
  if (given.tags !== undefined && spell(given.tags) !== spell(kept.tags)) problem(`the tags of ${name} are String`)
}

/** A type in one spelling, whether it is required left out. */
function spell(type: unknown): string {
  const members = Object.entries((type ?? {}) as object).filter(([key]) => key !== 'required' && key !== 'annotations')
  return JSON.stringify(members.sort(([a], [b]) => (a < b ? -1 : 1)))
    .replaceAll('__cedar::', '')
    .replaceAll('"EntityOrCommon"', '"Entity"')
}

/** The names of a schema's entity types, with their namespaces. */
export function entityTypesOf(json: SchemaJson): Set<string> {
  const names = new Set<string>()
  for (const [namespace, { entityTypes }] of Object.entries(json))
    for (const name of Object.keys(entityTypes ?? {})) names.add(namespace === '' ? name : `${namespace}::${name}`)
  return names
}

/** The attributes that a schema gives an entity type. */
export function attributesOf(json: SchemaJson, type: string): string[] {
  const cut = type.lastIndexOf('::')
  const namespace = cut < 0 ? '' : type.slice(0, cut)
  const found = json[namespace]?.entityTypes?.[cut < 0 ? type : type.slice(cut + 2)]
  return Object.keys(found?.shape?.attributes ?? {})
}

/** Whether a schema has an action. */
export function hasAction(json: SchemaJson, type: string, id: string): boolean {
  const namespace = type === 'Action' ? '' : type.replace(/::Action$/, '')
  return Object.hasOwn(json[namespace]?.actions ?? {}, id)
}
