import { Entities, type Entity, entityFromJson, PolicySet, parseJson } from '@gatehouse/cedar'
import { type HeldGrant, HeldGrants } from './held-grants.ts'

export interface Manifest {
  readonly types?: Readonly<Record<string, string>>
  readonly actionNamespace?: string
  readonly userNames?: readonly ('id' | 'email' | 'username')[]
  readonly suppliedAttributes?: Readonly<Record<string, readonly string[]>>
}

export interface ObligationRule {
  readonly type: string
  readonly properties: Readonly<Record<string, string | readonly string[]>>
}

/** What the application is at gateways. */
export interface GatewayInfo {
  readonly name: string
  readonly origins: readonly string[]
  readonly routes: readonly {
    readonly method: string
    readonly path: string
    readonly action: string
    readonly resource: string
  }[]
}

interface Bundle {
  readonly hash: string
  readonly policies: string
  readonly actionEntities: string
  readonly manifest: Manifest
  readonly obligations: Readonly<Record<string, readonly ObligationRule[]>>
}

type Line = Readonly<Record<string, unknown>>
interface Uid {
  readonly type: string
  readonly id: string
}

const printable = /^[\x20-\x7e]*$/
const fold = (name: string) => (printable.test(name) ? name : name.normalize('NFKC')).toLowerCase()
const keyOf = ({ type, id }: Uid) => `${type}\n${id}`

/**
 * All that one application decides from: its bundle, its grants, its resources and its organization's directory. Whatever could not
 * enter stays out, which denies, and is tried again with the next change.
 */
export class Replica {
  readonly application: string
  readonly directoryTypes: ReadonlySet<string>
  readonly entities = new Entities()
  #bundle: Bundle | undefined
  #grants = new HeldGrants(PolicySet.fromJson({}))
  #actions: Uid[] = []
  /** Why the bundle in force does not read: everything is denied. */
  #broken: string | undefined
  readonly #deferred = new Map<string, Entity>()
  readonly #logins = { username: new Map<string, string>(), email: new Map<string, string>() }
  #actionType = 'Action'

  constructor(application: string, directoryTypes: readonly string[]) {
    this.application = application
    this.directoryTypes = new Set(directoryTypes)
  }

  /** Undefined for an application that stands behind no gateway. */
  gateway: GatewayInfo | undefined

  get bundle(): Bundle | undefined {
    return this.#bundle
  }

  /** The type of the bundle's actions. */
  get actionType(): string {
    return this.#actionType
  }

  get broken(): string | undefined {
    return this.#broken
  }

  get leftOut(): number {
    return this.#deferred.size
  }

  grants(nowMs: number): HeldGrants {
    this.#grants.settle(nowMs)
    return this.#grants
  }

  /** Takes in one line's content. @throws for what cannot be read: the replica is then to be made anew */
  take(line: Line, nowMs: number): void {
    if (line.bundle !== undefined) this.#activate(line.bundle as Bundle | null, nowMs)
    if (line.gateway !== undefined) this.gateway = (line.gateway as GatewayInfo | null) ?? undefined
    const put = listOf(line.put).map((json) => entityFromJson(json))
    const remove = listOf(line.remove) as Uid[]
    if (put.length > 0 || remove.length > 0) this.#change(put, remove)
    for (const grant of listOf(line.grants)) this.#grants.put(grant as HeldGrant, nowMs)
    for (const id of listOf(line.revoked)) this.#grants.remove(String(id))
  }

  /** The user whom a caller means by one of the names that the manifest lets her use. */
  findUser(name: string, names: readonly ('id' | 'email' | 'username')[]): string | undefined {
    const folded = fold(name)
    for (const kind of names) {
      const id = kind === 'id' ? undefined : this.#logins[kind].get(folded)
      if (id !== undefined) return id
    }
    return undefined
  }

  /** What stayed out is tried again beside what is new: one by one they might meet what is older of another. */
  #change(put: readonly Entity[], remove: readonly Uid[]): void {
    const entering = new Map(this.#deferred)
    for (const uid of remove) {
      entering.delete(keyOf(uid))
      this.#drop(uid)
    }
    for (const entity of put) {
      entering.set(keyOf(entity), entity)
      this.#drop(entity)
    }
    this.#deferred.clear()
    for (const [key, entity] of entering) {
      try {
        this.entities.setEntity(entity)
        for (const [kind, name] of loginsOf(entity)) this.#logins[kind].set(name, entity.id)
      } catch {
        this.#deferred.set(key, entity)
      }
    }
  }

  #drop(uid: Uid): void {
    const before = this.entities.find(uid.type, uid.id)
    if (before === undefined) return
    for (const [kind, name] of loginsOf(before))
      if (this.#logins[kind].get(name) === uid.id) this.#logins[kind].delete(name)
    this.entities.delete(uid)
  }

  #activate(bundle: Bundle | null, nowMs: number): void {
    for (const uid of this.#actions) this.entities.delete(uid)
    this.#actions = []
    this.#bundle = bundle ?? undefined
    const namespace = bundle?.manifest.actionNamespace
    this.#actionType = namespace ? `${namespace}::Action` : 'Action'
    this.#broken = undefined
    let policies = PolicySet.fromJson({})
    try {
      policies = PolicySet.fromJson(bundle?.policies ?? {})
      const actions = parseJson(bundle?.actionEntities ?? '[]')
      for (const json of Array.isArray(actions) ? actions : []) {
        const action = entityFromJson(json)
        this.entities.setEntity(action)
        this.#actions.push(action)
      }
    } catch (error) {
      this.#broken = error instanceof Error ? error.message : String(error)
    }
    const grants = new HeldGrants(policies)
    for (const grant of this.#grants.all()) grants.put(grant, nowMs)
    this.#grants = grants
  }
}

function loginsOf(entity: Entity): (readonly ['username' | 'email', string])[] {
  if (entity.type !== 'User') return []
  return (['username', 'email'] as const).flatMap((kind) => {
    const name = entity.attrs.get(kind)
    return typeof name === 'string' ? [[kind, fold(name)] as const] : []
  })
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) throw new Error('a line of the replica holds no list where one must be')
  return value
}
