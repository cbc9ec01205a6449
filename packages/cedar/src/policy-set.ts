import { mapLeaves } from './chains.ts'
import { type Decision, decide } from './decide.ts'
import type { EntityView } from './entity.ts'
import { CedarError } from './errors.ts'
import { type Explanation, explain } from './explain.ts'
import { isPlainObject, parseJson, stringifyJson } from './json.ts'
import { jsonElements } from './json-stream.ts'
import { type Link, linkFromJson, linkToJson } from './link.ts'
import { internTypeName } from './names.ts'
import { type Partial, type PartialRequest, partial } from './partial.ts'
import { readPolicy, type Slot } from './policy-json.ts'
import { type ParsedPolicy, parsePolicyText } from './policy-text.ts'
import type { EntityUid, Request } from './request.ts'
import { Compiled, Rule } from './rule.ts'
import { RuleIndex } from './rule-index.ts'
import type { SchemaSource } from './schema.ts'
import { type Found, type Listing, type SearchOptions, searchActions, searchEntities } from './search.ts'
import { type Source, type Validation, validatePolicies } from './validate.ts'
import { Uid } from './value.ts'

/** How policies of a text are named: by their order (`policy0`, …), or by `@id("…")` where there is one. */
export type ParseOptions = { readonly ids?: 'order' | 'annotation' }

/**
 * Policies, templates and links, compiled and indexed. Holds no entities: one set serves any number of stores.
 * Links come and go one by one; the policies themselves are fixed once read.
 */
export class PolicySet {
  readonly #index = new RuleIndex()
  readonly #rules = new Map<string, Rule>()
  readonly #templates = new Map<string, Compiled>()
  readonly #sources = new Map<string, Source>()
  #order = 0

  private constructor() {}

  /**
   * Parses Cedar policies and templates, in one order of ids: policy0, policy1, …
   * @throws {CedarError} `syntax` with line and column, `link` for an id used twice, `limit`
   */
  static parse(text: string, options: ParseOptions = {}): PolicySet {
    const policies = new PolicySet()
    parsePolicyText(text).forEach((parsed, at) => {
      policies.#read(`policy${at}`, parsed.json, parsed.template, options, parsed)
    })
    return policies
  }

  /**
   * Reads Cedar's JSON form of a policy set `{ staticPolicies, templates, templateLinks }`: text (exact integers) or
   * a value. Needs no WASM unless a policy inside is given as Cedar text.
   * @throws {CedarError} `json` naming the policy, `link`, `limit`
   */
  static fromJson(json: string | object, options: ParseOptions = {}): PolicySet {
    const set = typeof json === 'string' ? parseJson(json) : json
    if (!isPlainObject(set))
      throw new CedarError('json', 'a policy set is { staticPolicies, templates, templateLinks }')
    for (const key of Object.keys(set))
      if (!['staticPolicies', 'templates', 'templateLinks'].includes(key))
        throw new CedarError('json', `a policy set has no field \`${key}\``)
    if (typeof set.staticPolicies === 'string' && set.templates === undefined && set.templateLinks === undefined)
      return PolicySet.parse(set.staticPolicies, options)
    const policies = new PolicySet()
    for (const [id, policy] of entriesOf(set.staticPolicies, 'staticPolicies'))
      policies.#take(id, policy, false, options)
    for (const [id, policy] of entriesOf(set.templates, 'templates')) policies.#take(id, policy, true, options)
    for (const link of set.templateLinks === undefined ? [] : listOf(set.templateLinks, 'templateLinks'))
      policies.link(linkFromJson(link))
    return policies
  }

  /** How many policies are in force: static ones and links. */
  get size(): number {
    return this.#rules.size
  }

  /** The ids of the static policies, in order. */
  policyIds(): string[] {
    return [...this.#sources.keys()].filter((id) => !this.#templates.has(id))
  }

  /** The ids of the templates, in order. */
  templateIds(): string[] {
    return [...this.#templates.keys()]
  }

  /** True for the id of a static policy, a template or a link. */
  has(id: string): boolean {
    return this.#rules.has(id) || this.#templates.has(id)
  }

  /** The slots of a template; undefined for an unknown one. */
  slots(template: string): readonly Slot[] | undefined {
    return this.#templates.get(template)?.policy.slots
  }

  /** What a static policy, a template or a link does; undefined for an unknown id. */
  effect(id: string): 'permit' | 'forbid' | undefined {
    return (this.#rules.get(id)?.compiled ?? this.#templates.get(id))?.policy.effect
  }

  /** The annotations of a static policy, a template, or the template of a link; undefined for an unknown id. */
  annotations(id: string): { readonly [key: string]: string } | undefined {
    return (this.#rules.get(id)?.compiled ?? this.#templates.get(id))?.policy.annotations
  }

  /** Fills the slots of a template. @throws {CedarError} `link`: no such template, wrong slots, or an id in use */
  link(link: Link): void {
    const { id, template } = link
    const compiled = this.#templates.get(template)
    if (compiled === undefined) throw new CedarError('link', `there is no template \`${template}\``, { policy: id })
    if (typeof id !== 'string') throw new CedarError('link', 'a link needs an id')
    if (this.has(id)) throw new CedarError('link', `the policy id \`${id}\` is in use`, { policy: id })
    const principal = slotOf(link, 'principal', compiled)
    const resource = slotOf(link, 'resource', compiled)
    compiled.links++
    this.#put(id, compiled, principal, resource)
  }

  /**
   * Links from chunks of the text of a JSON array of `{ templateId, newId, values }`, or of one a line. Links made
   * before an error stay in force.
   * @returns how many
   * @throws {CedarError} as `link`, and `json`
   */
  async linkStream(chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>): Promise<number> {
    let count = 0
    for await (const items of jsonElements(chunks)) {
      for (const json of items) this.link(linkFromJson(json))
      count += items.length
    }
    return count
  }

  /** Takes a link out of force. False if there was none by this id. */
  unlink(id: string): boolean {
    const rule = this.#rules.get(id)
    if (rule === undefined || !this.#templates.has(rule.compiled.id)) return false
    this.#index.remove(rule)
    this.#rules.delete(id)
    rule.compiled.links--
    return true
  }

  /** The links in force. */
  *links(): Generator<Link> {
    for (const rule of this.#rules.values()) if (this.#templates.has(rule.compiled.id)) yield linkOf(rule)
  }

  /** Decides a request. @throws {CedarError} `json` for what is no request, `limit` beyond the work allowed: deny then */
  authorize(request: Request, entities: EntityView): Decision {
    return decide(this.#index, request, entities)
  }

  /**
   * Decides a request and says why: which policies decided, which came close and by what clause or part of the scope
   * they failed, with the values, and the way up behind each `in`. Slower than `authorize` by far.
   * @param options.most how many near misses to name, 10 unless told
   * @throws {CedarError} as `authorize`
   */
  explain(request: Request, entities: EntityView, options: { most?: number } = {}): Explanation {
    return explain(this.#index, request, entities, (id) => this.#templates.has(id), options.most ?? 10)
  }

  /**
   * What is left of the policies when only the type of the resource is known: to be translated to SQL (`toWhere` in
   * `@gatehouse/cedar/kysely`) or shown (`formatPartial`). @throws {CedarError} as `authorize`
   */
  partial(request: PartialRequest, entities: EntityView): Partial {
    return partial(this.#index, request, entities)
  }

  /**
   * The principals of a type that may do the action on the resource, in order of id: what asking `authorize` for each
   * would say. @param listing the entities to look through, `Entities` or `listed(…)`; decisions see `view`
   * @throws {CedarError} as `authorize`
   */
  findPrincipals(
    request: Omit<Request, 'principal'> & { principalType: string },
    listing: Listing,
    view: EntityView,
    options: SearchOptions = {},
  ): Found {
    const allows = (asked: Request) => this.authorize(asked, view).decision === 'allow'
    return searchEntities(this.#index, 'principal', request.principalType, request, listing, view, allows, options)
  }

  /** The resources of a type on which the principal may do the action. @throws {CedarError} as `authorize` */
  findResources(request: PartialRequest, listing: Listing, view: EntityView, options: SearchOptions = {}): Found {
    const allows = (asked: Request) => this.authorize(asked, view).decision === 'allow'
    return searchEntities(this.#index, 'resource', request.resourceType, request, listing, view, allows, options)
  }

  /** Of the actions offered, those the principal may do on the resource. @throws {CedarError} as `authorize` */
  findActions(request: Omit<Request, 'action'>, actions: Iterable<EntityUid>, view: EntityView): EntityUid[] {
    return searchActions(request, actions, (asked) => this.authorize(asked, view).decision === 'allow')
  }

  /** Type-checks the policies against a schema. @throws {CedarError} `schema` for a schema that does not parse */
  validate(schema: SchemaSource): Validation {
    return validatePolicies(this.#sources, this.links(), schema)
  }

  /** Cedar's JSON form of the set, links included; integers beyond 2^53 are `bigint`. */
  toJson(): { staticPolicies: object; templates: object; templateLinks: object[] } {
    const staticPolicies: { [id: string]: unknown } = Object.create(null)
    const templates: { [id: string]: unknown } = Object.create(null)
    for (const [id, source] of this.#sources) {
      if (source.template) templates[id] = source.json
      else staticPolicies[id] = source.json
    }
    return { staticPolicies, templates, templateLinks: [...this.links()].map(linkToJson) }
  }

  /** `toJson` as exact JSON text. */
  toJsonText(): string {
    return stringifyJson(this.toJson())
  }

  #take(id: string, policy: unknown, template: boolean, options: ParseOptions): void {
    if (typeof policy !== 'string') {
      this.#read(id, policy, template, options)
      return
    }
    const parsed = parsePolicyText(policy)
    const only = parsed[0]
    if (parsed.length !== 1 || only === undefined || only.template !== template)
      throw new CedarError('syntax', `policy \`${id}\` must be one ${template ? 'template' : 'static policy'}`)
    this.#read(id, only.json, template, options, only)
  }

  #read(given: string, json: unknown, template: boolean, options: ParseOptions, text?: ParsedPolicy): void {
    const policy = readPolicy(json, `policy \`${given}\``)
    const id = (options.ids === 'annotation' ? policy.annotations.id : undefined) || given
    if (this.has(id)) throw new CedarError('link', `the policy id \`${id}\` is used twice`, { policy: id })
    if (policy.slots.length > 0 !== template)
      throw new CedarError(
        'json',
        `policy \`${id}\`: ${template ? 'a template has slots' : 'a static policy has no slots'}`,
      )
    this.#sources.set(id, {
      json: mapLeaves(json, (leaf) => leaf),
      template,
      text: text?.text,
      whole: text?.whole ?? '',
      offset: text?.offset ?? 0,
    })
    const compiled = new Compiled(id, policy)
    if (template) this.#templates.set(id, compiled)
    else this.#put(id, compiled, namedBy(policy.principal), namedBy(policy.resource))
  }

  #put(id: string, compiled: Compiled, principal: Uid | undefined, resource: Uid | undefined): void {
    const rule = new Rule(id, compiled, this.#order++, principal, resource)
    this.#rules.set(id, rule)
    this.#index.add(rule)
  }
}

const namedBy = (constraint: { op: string; entity?: Uid | undefined }) => constraint.entity

function slotOf(link: Link, slot: Slot, compiled: Compiled): Uid | undefined {
  const given = link[slot]
  const has = compiled.policy.slots.includes(slot)
  if (has !== (given !== undefined))
    throw new CedarError(
      'link',
      `link \`${link.id}\`: the template \`${link.template}\` ${has ? 'needs' : 'has no slot for'} a ${slot}`,
      { policy: link.id },
    )
  if (given === undefined) return namedBy(compiled[slot])
  if (typeof given.type !== 'string' || typeof given.id !== 'string')
    throw new CedarError('link', `link \`${link.id}\`: ${slot} must be { type, id }`, { policy: link.id })
  return new Uid(internTypeName(given.type, `link \`${link.id}\``), given.id)
}

function linkOf(rule: Rule): Link {
  const slots = rule.compiled.policy.slots
  const uid = (slot: Slot) => {
    const named = slots.includes(slot) ? rule[slot] : undefined
    return named === undefined ? undefined : { type: named.type, id: named.id }
  }
  return { template: rule.compiled.id, id: rule.id, principal: uid('principal'), resource: uid('resource') }
}

function listOf(json: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(json)) throw new CedarError('json', `${name} must be an array`)
  return json
}

function entriesOf(json: unknown, name: string): [string, unknown][] {
  if (json === undefined) return []
  if (typeof json === 'string') return parsePolicyText(json).map((parsed, at) => [`policy${at}`, parsed.text])
  if (Array.isArray(json)) return json.map((policy, at) => [`policy${at}`, policy])
  if (!isPlainObject(json)) throw new CedarError('json', `${name} must be an object of policies by id`)
  return Object.keys(json).map((id) => [id, json[id]])
}
