import { isDeepStrictEqual } from 'node:util'
import { homeName } from '#directory'
import { schemaFile } from '../bundles/bundle-files.ts'
import { type BundleCheck, checkBundle } from '../bundles/check-bundle.ts'
import type { Problems } from '../places/problem.ts'
import type { Placed } from '../places/shape.ts'
import { formatUid, parseUid } from '../places/uid.ts'
import { type Located, problemAt, readYaml } from '../places/yaml.ts'
import { checkSignInPolicy } from '../sign-in/check-sign-in.ts'
import { formatRef, keyOf, numbered, parseRef, signInItem, type WantedItem } from './item.ts'
import { normalise } from './normalise.ts'
import { type Document, documentShape } from './shapes.ts'
import { splitFiles } from './split-files.ts'

const organizationMembers = [
  'title',
  'state',
  'domains',
  'sign_in',
  'tokens',
  'branding',
  'registration',
  'account',
] as const

/** A configuration as its files want it. */
export interface Wanted {
  readonly items: readonly WantedItem[]
  /** Names of the organizations that the files have documents of. */
  readonly organizations: readonly string[]
  /** `organization/application` → its bundle, checked. */
  readonly bundles: ReadonlyMap<string, BundleCheck>
  /** `organization/application` of applications whose resources the files list. */
  readonly resourcesOf: ReadonlySet<string>
}

/** Reads the files of a configuration. Everything wrong with them that can be seen without a database is told at once. */
export async function readConfiguration(
  sent: Readonly<Record<string, string>>,
  problems: Problems,
): Promise<Wanted | undefined> {
  const split = splitFiles(sent, problems)
  if (split === undefined) return undefined
  const reading = new Reading(problems)
  for (const [file, text] of split.documents)
    for (const located of readYaml(file, text, problems) ?? []) {
      const document = documentShape(located, problems)
      if (document !== undefined) reading.take(document)
    }
  reading.numberGrants()
  const bundles = new Map<string, BundleCheck>()
  const used = new Set<string>()
  for (const [application, { directory, at }] of reading.bundles) {
    const files = split.bundles.get(directory)
    if (files === undefined) {
      problemAt(at, problems, `there is no bundle in ${directory}: it would have a schema.cedarschema`)
      continue
    }
    used.add(directory)
    const check = application.endsWith(`/${signInItem}`) ? await checkSignInPolicy(files) : await checkBundle(files)
    for (const problem of check.problems) problems.add({ ...problem, file: `${directory}/${problem.file}` })
    bundles.set(application, check)
  }
  for (const directory of split.bundles.keys())
    if (!used.has(directory))
      problems.ofFile(`${directory}/${schemaFile}`, 'no application, and no sign_in_policy, names this bundle')
  if (problems.any) return undefined
  const items = [...reading.organizations.values(), ...reading.items.values()]
  for (const [key, { bundle }] of bundles) {
    const { organization, name, at } = reading.owners.get(key) as WantedItem
    items.push({ kind: 'policies', organization, name, at, fields: { bundle: bundle?.hash } })
  }
  return {
    items,
    organizations: [...reading.organizations.keys()].sort(),
    bundles,
    resourcesOf: reading.resourcesOf,
  }
}

interface OrganizationItem extends WantedItem {
  readonly fields: Record<string, unknown>
}

/** Gathers the documents of all files. */
class Reading {
  readonly organizations = new Map<string, OrganizationItem>()
  readonly items = new Map<string, WantedItem>()
  readonly bundles = new Map<string, { directory: string; at: Located }>()
  /** Whose each bundle is. */
  readonly owners = new Map<string, Pick<WantedItem, 'organization' | 'name' | 'at'>>()
  readonly resourcesOf = new Set<string>()
  readonly #grants = new Map<string, WantedItem[]>()
  readonly #problems: Problems

  constructor(problems: Problems) {
    this.#problems = problems
  }

  take(document: Document): void {
    const organization = document.organization.value
    this.#organization(document)
    const home = { organization }
    for (const [name, { value, at }] of document.users ?? []) {
      const { attributes, ...fields } = value
      const tags = attributes && { attributes: Object.fromEntries(attributes) }
      this.#put({ ...home, kind: 'user', name, fields: { ...fields, ...tags }, at })
    }
    for (const [name, { value, at }] of document.groups ?? []) {
      const members = value.members && {
        members: [...new Set(value.members.map((ref) => own(ref, organization)))].sort(),
      }
      this.#put({ ...home, kind: 'group', name, fields: { ...value, ...members }, at })
    }
    for (const [name, { value, at }] of document.machines ?? []) {
      const owner = own(value.owner, organization)
      this.#put({ ...home, kind: 'machine', name, fields: { ...value, owner }, at })
    }
    for (const [name, { value, at }] of document.applications ?? []) this.#application(organization, name, value, at)
    for (const [name, { value, at }] of document.identity_providers ?? [])
      this.#put({ ...home, kind: 'provider', name, fields: { ...value }, at })
    for (const [application, resources] of document.resources ?? []) {
      this.resourcesOf.add(`${organization}/${application}`)
      for (const { value, at } of resources) this.#resource(organization, application, value, at)
    }
    for (const { value, at } of document.grants ?? []) this.#grant(organization, value, at)
  }

  #organization(document: Document): void {
    const { value: name, at } = document.organization
    const kept = this.organizations.get(name) ?? { kind: 'organization', organization: name, name, fields: {}, at }
    for (const field of organizationMembers) {
      const given = document[field] as Placed<unknown> | undefined
      if (given === undefined) continue
      if (Object.hasOwn(kept.fields, field)) problemAt(given.at, this.#problems, `${field} of ${name} is given twice`)
      kept.fields[field] = given.value
    }
    const { sign_in_policy: policies } = document
    if (policies !== undefined) this.#bundle(name, signInItem, policies, policies.at)
    const item = normalise(kept, this.#problems)
    this.organizations.set(name, { ...kept, fields: { ...item.fields } })
  }

  #application(organization: string, name: string, value: Record<string, unknown>, at: Located): void {
    const { policies, routes, ...fields } = value as {
      policies?: Placed<string>
      routes?: Map<string, { action: string; resource: string }>
    }
    const pairs = routes && {
      routes: [...routes].map(([on, { action, resource }]) => [on, `${action} ${resource}`]),
    }
    this.#put({ kind: 'application', organization, name, fields: { ...fields, ...pairs }, at })
    if (policies !== undefined) this.#bundle(organization, name, policies, at)
  }

  #bundle(organization: string, name: string, policies: Placed<string>, at: Located): void {
    const beside = at.file.includes('/') ? at.file.slice(0, at.file.lastIndexOf('/') + 1) : ''
    const directory = `${beside}${policies.value}`.replace(/(^|\/)\.\//g, '$1').replace(/\/+$/, '')
    const key = `${organization}/${name}`
    if (this.bundles.has(key)) return
    this.bundles.set(key, { directory, at: policies.at })
    this.owners.set(key, { organization, name, at })
  }

  #resource(
    organization: string,
    application: string,
    value: { uid: string; parents?: string[]; attributes?: Map<string, unknown>; tags?: Map<string, unknown> },
    at: Located,
  ): void {
    const uid = parseUid(value.uid)
    if (uid === undefined) {
      problemAt(at, this.#problems, `${JSON.stringify(value.uid)} is not an entity, as in Document::"welcome"`)
      return
    }
    const name = `${application}/${formatUid(uid)}`
    const fields = {
      parents: (value.parents ?? []).map((ref) => own(ref, organization)).sort(),
      attributes: ownDeep(Object.fromEntries(value.attributes ?? []), organization),
      tags: ownDeep(Object.fromEntries(value.tags ?? []), organization),
    }
    this.#put({ kind: 'resource', organization, name, fields, at })
  }

  #grant(
    organization: string,
    value: { role: string; to: string; on?: string; from?: string; until?: string; why?: string },
    at: Located,
  ): void {
    const on = own(value.on ?? `organization:${organization}`, organization)
    const name = `${value.role} ${own(value.to, organization)} ${on}`
    const { from, until, why } = value
    const fields = {
      ...(from !== undefined && { from }),
      until: until ?? null,
      ...(why !== undefined && { why }),
    }
    if (on === 'deployment' && organization !== homeName)
      problemAt(at, this.#problems, `what is granted on the whole deployment stands in the organization ${homeName}`)
    const item: WantedItem = { kind: 'grant', organization, name, fields, at }
    const key = keyOf(item)
    this.#grants.set(key, [...(this.#grants.get(key) ?? []), item])
  }

  /** Several grants of one role to one principal on one resource are told apart by number, the longest first. */
  numberGrants(): void {
    const end = ({ fields }: WantedItem) => (fields.until === null ? Infinity : Date.parse(fields.until as string))
    for (const grants of this.#grants.values()) {
      grants.sort((a, b) => end(b) - end(a))
      for (const [index, item] of grants.entries()) {
        const before = grants[index - 1]
        if (before !== undefined && isDeepStrictEqual(before.fields, item.fields))
          problemAt(item.at, this.#problems, `the grant of ${item.name} is given twice`)
        this.#put({ ...item, name: numbered(item.name, index) })
      }
    }
  }

  #put(item: WantedItem): void {
    const key = keyOf(item)
    const other = this.items.get(key)
    if (other !== undefined) {
      const { line } = other.at.lines.linePos(other.at.node?.range?.[0] ?? other.at.at)
      problemAt(item.at, this.#problems, `${item.kind} ${item.name} is given twice; first in ${other.at.file}:${line}`)
      return
    }
    this.items.set(key, normalise(item, this.#problems))
  }
}

/** A reference in the shortest spelling. */
function own(text: string, home: string): string {
  const ref = parseRef(text, home)
  if (ref !== undefined) return formatRef(ref, home)
  const uid = parseUid(text)
  return uid === undefined ? text : formatUid(uid)
}

/** The same for `{ __entity: … }` at any depth of a value. */
function ownDeep(value: unknown, home: string): unknown {
  if (Array.isArray(value)) return value.map((item) => ownDeep(item, home))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
  const [only] = members
  if (members.length === 1 && only?.[0] === '__entity' && typeof only[1] === 'string')
    return { __entity: own(only[1], home) }
  return Object.fromEntries(members.map(([key, inner]) => [key, ownDeep(inner, home)]))
}
