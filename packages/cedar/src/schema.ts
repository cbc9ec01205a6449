import { type Entity, parentsFromJson } from './entity.ts'
import { CedarError } from './errors.ts'
import { isPlainObject } from './json.ts'
import { limits } from './limits.ts'
import { ask, refusal } from './reference.ts'
import type { Request } from './request.ts'
import { type ActionType, actionKey, readSchema, type SchemaTables } from './schema-json.ts'
import { type TypeContext, typedRecordFromJson, typedValueFromJson } from './schema-type.ts'
import { CedarRecord, emptyRecord, formatUid, Uid, type Value } from './value.ts'
import { Budget, uidFromJson } from './value-json.ts'

/** A schema as Cedar text or as Cedar's JSON form. */
export type SchemaSource = string | { readonly [key: string]: unknown }

/** A schema read once: checks entities and requests, and knows the actions. */
export class Schema {
  readonly #tables: SchemaTables
  readonly #json: { readonly [key: string]: unknown }
  private constructor(json: { readonly [key: string]: unknown }) {
    this.#tables = readSchema(json)
    this.#json = json
  }

  /** A schema from what `toJson` gave, as a value: needs no WASM, checks nothing again. */
  static fromJson(json: { readonly [key: string]: unknown }): Schema {
    return new Schema(json)
  }

  /** Cedar's JSON form of the schema with every name resolved. */
  toJson(): { readonly [key: string]: unknown } {
    return this.#json
  }

  /** @throws {CedarError} `schema` with line and column, `limit` */
  static parse(source: SchemaSource): Schema {
    const text = typeof source === 'string' ? source : schemaText(source)
    checkText(text)
    const answer = ask((reference) => reference.schemaToJsonWithResolvedTypes(text))
    if (answer.type === 'failure') throw refusal('schema', answer.errors, typeof source === 'string' ? text : undefined)
    const schema = new Schema(answer.json)
    // INVARIANT: only now, with the size of its types bounded, does the schema go where they are written out.
    const checked = ask((reference) => reference.checkParseSchema(text))
    if (checked.type === 'failure')
      throw refusal('schema', checked.errors, typeof source === 'string' ? text : undefined)
    return schema
  }

  static of(source: SchemaSource | Schema): Schema {
    return source instanceof Schema ? source : Schema.parse(source)
  }

  /** The names of the entity types. */
  entityTypes(): string[] {
    return [...this.#tables.entityTypes.keys()]
  }

  /** The schema's actions and action groups, as entities whose parents are their groups. */
  actions(): Entity[] {
    return [...this.#tables.actions.values()].map((action) => ({
      type: action.type,
      id: action.id,
      attrs: emptyRecord,
      tags: emptyRecord,
      parents: action.parents.map((uid) => new Uid(uid.type, uid.id)),
    }))
  }

  /** Which principals and resources an action applies to; undefined for an unknown action. */
  appliesTo(action: { type: string; id: string }): { principals: string[]; resources: string[] } | undefined {
    const found = this.#tables.actions.get(actionKey(action.type, action.id))
    return found && { principals: [...found.principals], resources: [...found.resources] }
  }

  /** Entities from their JSON forms, checked. @throws {CedarError} `schema`, `json`, `limit` */
  entities(list: readonly unknown[]): Entity[] {
    return list.map((item) => this.entity(item))
  }

  /** One entity from its JSON form, read and checked as its type says. @throws {CedarError} `schema`, `json`, `limit` */
  entity(json: unknown): Entity {
    if (!isPlainObject(json)) throw new CedarError('json', 'an entity is an object { uid, attrs, parents, tags? }')
    const uid = uidFromJson(json.uid, 'uid of an entity')
    const name = formatUid(uid)
    const { attrs, parents, tags } = json
    if (!isPlainObject(attrs)) throw new CedarError('json', `${name}: attrs must be an object`)
    if (!Array.isArray(parents)) throw new CedarError('json', `${name}: parents must be an array`)
    if (tags !== undefined && !isPlainObject(tags)) throw new CedarError('json', `${name}: tags must be an object`)
    const action = this.#tables.actions.get(actionKey(uid.type, uid.id))
    if (action !== undefined) return this.#actionEntity(action, attrs, parentsFromJson(parents, name))
    const type = this.#tables.entityTypes.get(uid.type)
    if (type === undefined) throw new CedarError('schema', `${name}: the schema has no entity type \`${uid.type}\``)
    this.#checkUid(uid, name)
    const found = parentsFromJson(parents, name)
    for (const parent of found) {
      if (!type.parents.has(parent.type))
        throw new CedarError('schema', `${name} may not lie in ${formatUid(parent)} according to the schema`)
      this.#checkUid(parent, name)
    }
    const at = this.#context(name)
    const record = typedRecordFromJson(attrs, type.shape, { ...at, where: name })
    return { type: uid.type, id: uid.id, attrs: record, tags: this.#tags(tags, type.tags, at), parents: found }
  }

  #tags(
    json: { [key: string]: unknown } | undefined,
    type: Parameters<typeof typedValueFromJson>[1] | undefined,
    at: TypeContext,
  ): CedarRecord {
    if (json === undefined) return emptyRecord
    const entries = Object.keys(json).map((key): [string, Value] => {
      if (type === undefined) throw new CedarError('schema', `${at.where}: tag \`${key}\` should not exist`)
      return [key, typedValueFromJson(json[key], type, { ...at, where: `${at.where} tag ${key}` })]
    })
    return CedarRecord.of(entries)
  }

  #actionEntity(action: ActionType, attrs: object, parents: Uid[]): Entity {
    const same =
      Object.keys(attrs).length === 0 &&
      parents.length === action.parents.length &&
      parents.every((uid) => action.parents.some((other) => other.type === uid.type && other.id === uid.id))
    if (!same) throw new CedarError('schema', `${formatUid(action)} differs from the schema's action`)
    return { type: action.type, id: action.id, attrs: emptyRecord, tags: emptyRecord, parents }
  }

  #checkUid(uid: Uid, where: string): void {
    const choices = this.#tables.entityTypes.get(uid.type)?.choices
    if (choices !== undefined && !choices.has(uid.id))
      throw new CedarError('schema', `${where}: ${formatUid(uid)} is not among the entities enumerated by the schema`)
  }

  #context(where: string): TypeContext {
    return { where, budget: new Budget(), checkUid: (uid, at) => this.#checkUid(uid, at) }
  }

  /**
   * A request checked against the schema, its context read as the action's type says. `authorize` takes what it returns.
   * @throws {CedarError} `schema`, `json`, `limit`
   */
  request(request: Request): Request {
    const { principal, action, resource } = request
    const known = this.#tables.actions.get(actionKey(action.type, action.id))
    if (known === undefined) throw new CedarError('schema', `the schema has no action ${formatUid(action)}`)
    for (const [name, uid, allowed] of [
      ['principal', principal, known.principals],
      ['resource', resource, known.resources],
    ] as const) {
      if (!allowed.has(uid.type))
        throw new CedarError('schema', `${name} type \`${uid.type}\` is not valid for ${formatUid(action)}`)
      this.#checkUid(new Uid(uid.type, uid.id), name)
    }
    const given = request.context ?? {}
    if (given instanceof CedarRecord) return request
    if (!isPlainObject(given)) throw new CedarError('json', 'context must be an object')
    return { principal, action, resource, context: typedRecordFromJson(given, known.context, this.#context('context')) }
  }
}

function checkText(text: string): void {
  if (text.length > limits.policySetLength)
    throw new CedarError('limit', `a schema is at most ${limits.policySetLength} characters`)
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 123 || code === 60 || code === 91) depth++
    else if (code === 125 || code === 62 || code === 93) depth--
    if (depth > limits.bracketDepth) throw new CedarError('limit', `a schema nests deeper than ${limits.bracketDepth}`)
  }
}

function schemaText(json: { readonly [key: string]: unknown }): string {
  const answer = ask((reference) => reference.schemaToText(json as never))
  if (answer.type === 'failure') throw refusal('schema', answer.errors)
  return answer.text
}

/** Checks a schema and returns it read. @throws {CedarError} `schema` with line and column, `limit` */
export function validateSchema(source: SchemaSource): Schema {
  return Schema.parse(source)
}

/** The action hierarchy of a schema as entities, to be put in a store or a layer. @throws {CedarError} `schema` */
export function actionEntities(source: SchemaSource | Schema): Entity[] {
  return Schema.of(source).actions()
}
