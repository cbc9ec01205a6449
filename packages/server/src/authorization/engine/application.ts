import { Entities, entityFromJson, PolicySet, Schema } from '@gatehouse/cedar'
import type { ApplicationId } from '#kernel'
import { ApplicationView } from '../entities/application-view.ts'
import type { DirectoryEntities } from '../entities/directory.ts'
import type { EntityUid } from '../entities/source.ts'
import type { Grant } from '../grants/grant.ts'
import { GrantLinks } from '../grants/grant-links.ts'
import { gatherObligations, type Obligation, type ObligationRule, obligationsOf } from '../obligations/obligation.ts'
import type { ActiveBundle, BundleManifest } from './bundle-source.ts'
import { type Decision, type DecisionRequest, decide, inactive, noBundle, type PrincipalState } from './decision.ts'

const noManifest: BundleManifest = {}

/** One application's part of the snapshot: its bundle in force, its grants, its view of entities. */
export class ApplicationPolicies {
  readonly id: ApplicationId
  readonly organizationId: string
  readonly view: ApplicationView
  readonly #directory: DirectoryEntities
  #bundle: ActiveBundle | undefined
  #links = new GrantLinks(PolicySet.fromJson({}))
  #compiled = true
  /** What policies and templates oblige to, by id; undefined when none does, as with most bundles. */
  #obliging: ReadonlyMap<string, readonly ObligationRule[]> | undefined
  #schema: Schema | undefined
  #actionType = 'Action'

  constructor(id: ApplicationId, organizationId: string, directory: DirectoryEntities) {
    this.id = id
    this.organizationId = organizationId
    this.#directory = directory
    this.view = new ApplicationView(directory, organizationId)
  }

  get bundle(): ActiveBundle | undefined {
    return this.#bundle
  }

  get manifest(): BundleManifest {
    return this.#bundle?.manifest ?? noManifest
  }

  /** The type of its actions. */
  get actionType(): string {
    return this.#actionType
  }

  /** The schema of the bundle in force; reading it loads the reference implementation. */
  get schema(): Schema | undefined {
    if (this.#bundle === undefined) return undefined
    this.#schema ??= Schema.parse(JSON.parse(this.#bundle.schema))
    return this.#schema
  }

  /** Puts a bundle into force, or none. It is compiled when first decided upon. */
  activate(bundle: ActiveBundle | undefined): void {
    if (bundle?.hash === this.#bundle?.hash) return
    this.#bundle = bundle
    this.#schema = undefined
    this.#compiled = false
    const namespace = bundle?.manifest.actionNamespace
    this.#actionType = namespace ? `${namespace}::Action` : 'Action'
  }

  putGrant(grant: Grant, nowMs: number): void {
    if (!this.#compiled && this.#links.size === 0) this.#compileEarly(nowMs)
    this.#links.put(grant, nowMs)
  }

  removeGrant(id: Grant['id']): void {
    this.#links.remove(id)
  }

  /** A grant of a role of this application, in force or not. */
  grant(id: Grant['id']): Grant | undefined {
    return this.#links.grant(id)
  }

  grants(): IterableIterator<Grant> {
    return this.#links.all()
  }

  /** The grants as links of the bundle in force. @throws {CedarError} for a bundle that does not read: everything is denied */
  links(nowMs: number): GrantLinks {
    if (!this.#compiled) this.#compile(nowMs)
    this.#links.settle(nowMs)
    return this.#links
  }

  /** True for a type that the directory has, in every application. */
  isDirectoryType(type: string): boolean {
    return this.#directory.types.has(type)
  }

  /**
   * The entity that a caller names: for a directory user by whichever of her names the manifest lets it, tried in order;
   * what no name fits is taken as an id.
   */
  named(type: string, id: string): EntityUid {
    const names = this.manifest.userNames
    if (type !== 'User' || names === undefined || this.view.find(type, id) !== undefined) return { type, id }
    const found = this.#directory.findUser(this.organizationId, id, names)
    return { type, id: found ?? id }
  }

  stateOf(principal: EntityUid): PrincipalState {
    return this.#directory.stateOf(principal, this.view)
  }

  /** Whether anything can be allowed at all: the application is active and has policies. */
  decides(): boolean {
    return this.#bundle !== undefined && this.#directory.stateOf({ type: 'Application', id: this.id }) === 'fit'
  }

  decide(request: DecisionRequest, nowMs: number, view = this.view.forDecisions): Decision {
    const bundle = this.#bundle
    if (bundle === undefined) return noBundle
    if (this.#directory.stateOf({ type: 'Application', id: this.id }) !== 'fit') return inactive(bundle.hash)
    try {
      const { policies } = this.links(nowMs)
      return decide(policies, view, bundle.hash, request, this.#directory.stateOf(request.principal, view))
    } catch (error) {
      const errors = [{ policy: 'gatehouse:bundle', message: error instanceof Error ? error.message : String(error) }]
      return { allow: false, outcome: 'deny_error', reasons: [], errors, bundle: bundle.hash }
    }
  }

  /**
   * What those who enforce a decision must do as well (`@obligation` of every policy that decided it); undefined for nothing,
   * which costs a decision one comparison in a bundle that obliges to nothing.
   */
  obligations(decision: Decision, request: Parameters<typeof gatherObligations>[1]): readonly Obligation[] | undefined {
    if (this.#obliging === undefined) return undefined
    const all: [string, readonly ObligationRule[]][] = []
    for (const id of decision.reasons) {
      const rules = this.rulesOf(id)
      if (rules !== undefined) all.push([id, rules])
    }
    return all.length === 0 ? undefined : gatherObligations(all, request)
  }

  /** What one policy or grant obliges to; known once `links` was called. */
  rulesOf(id: string): readonly ObligationRule[] | undefined {
    return this.#obliging?.get(this.#links.grant(id)?.role ?? id)
  }

  /** The annotations of a policy, a role, or the role of a grant. @throws {CedarError} as `links` */
  annotationsOf(id: string, nowMs: number): { readonly [name: string]: string } | undefined {
    return this.links(nowMs).policies.annotations(id)
  }

  /** What each policy and role obliges to, by its id. @throws {CedarError} as `links` */
  obligationRules(nowMs: number): ReadonlyMap<string, readonly ObligationRule[]> {
    this.links(nowMs)
    return this.#obliging ?? new Map()
  }

  /** Whether any policy obliges to anything. Known once `links` was called. */
  get obliges(): boolean {
    return this.#obliging !== undefined
  }

  /** Before the first of perhaps a million grants, so that each is linked once. A bundle that does not read is told when it is asked. */
  #compileEarly(nowMs: number): void {
    try {
      this.#compile(nowMs)
    } catch {
      // Every decision will say so.
    }
  }

  #compile(nowMs: number): void {
    const bundle = this.#bundle
    const links = new GrantLinks(PolicySet.fromJson(bundle?.policies ?? {}))
    const actions = new Entities()
    for (const action of JSON.parse(bundle?.actionEntities ?? '[]')) actions.setEntity(entityFromJson(action))
    for (const grant of this.#links.all()) links.put(grant, nowMs)
    this.view.actions = actions
    this.#links = links
    const { policies } = links
    const obliging = [...policies.policyIds(), ...policies.templateIds()].flatMap((id) => {
      const annotations = policies.annotations(id)
      return annotations?.obligation === undefined ? [] : [[id, obligationsOf(annotations)] as const]
    })
    this.#obliging = obliging.length === 0 ? undefined : new Map(obliging)
    this.#compiled = true
  }
}
