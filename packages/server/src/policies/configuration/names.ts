import type { EntityUid } from '#authorization'
import {
  findApplication,
  findApplicationByName,
  findGroup,
  findGroupByName,
  findMachine,
  findMachineByName,
  findOrganization,
  findOrganizationByName,
  findUser,
  findUserByLogin,
} from '#directory'
import type { ApplicationId, GroupId, MachineId, OrganizationId, UserId } from '#kernel'
import type { Reader } from '#storage'
import { cedarTypeOf, type NamedRef } from './item.ts'

const kindOfType = new Map(
  Object.entries(cedarTypeOf).map(([kind, type]) => [type as string, kind as NamedRef['kind']]),
)
const keyOfRef = (ref: NamedRef) => `${ref.kind} ${ref.organization}/${ref.name}`

/** Names and ids of the directory, both ways, read when first asked for. Of one transaction: never kept longer. */
export class Names {
  readonly #db: Reader
  readonly #ids = new Map<string, string | undefined>()
  readonly #refs = new Map<string, NamedRef | undefined>()

  constructor(db: Reader) {
    this.#db = db
  }

  /** Tells of something that was read or made. */
  learn(ref: NamedRef, id: string): void {
    this.#ids.set(keyOfRef(ref), id)
    this.#refs.set(`${cedarTypeOf[ref.kind]} ${id}`, ref)
  }

  /** The id of what has this name; undefined when nothing has. */
  async idOf(ref: NamedRef): Promise<string | undefined> {
    const key = keyOfRef(ref)
    if (this.#ids.has(key)) return this.#ids.get(key)
    const id = await this.#findId(ref)
    if (id === undefined) this.#ids.set(key, undefined)
    else this.learn(ref, id)
    return id
  }

  /** The name of a directory entity; undefined for other types and for what is gone. */
  async refOf(uid: EntityUid): Promise<NamedRef | undefined> {
    const kind = kindOfType.get(uid.type)
    if (kind === undefined) return undefined
    const key = `${uid.type} ${uid.id}`
    if (this.#refs.has(key)) return this.#refs.get(key)
    const ref = await this.#findRef(kind, uid.id)
    if (ref === undefined) this.#refs.set(key, undefined)
    else this.learn(ref, uid.id)
    return ref
  }

  async #findId({ kind, organization, name }: NamedRef): Promise<string | undefined> {
    if (kind === 'organization') return (await findOrganizationByName(this.#db, name))?.id
    const home = await this.idOf({ kind: 'organization', organization, name: organization })
    if (home === undefined) return undefined
    const id = home as OrganizationId
    switch (kind) {
      case 'user': {
        const user = await findUserByLogin(this.#db, id, name)
        return user?.username === name ? user.id : undefined
      }
      case 'group':
        return (await findGroupByName(this.#db, id, name))?.id
      case 'machine':
        return (await findMachineByName(this.#db, id, name))?.id
      case 'application':
        return (await findApplicationByName(this.#db, id, name))?.id
    }
  }

  async #findRef(kind: NamedRef['kind'], id: string): Promise<NamedRef | undefined> {
    if (kind === 'organization') {
      const found = await findOrganization(this.#db, id as OrganizationId)
      if (found === undefined || found.state === 'deleted') return undefined
      return { kind, organization: found.name, name: found.name }
    }
    const found = await this.#findObject(kind, id)
    if (found === undefined || found.state === 'deleted') return undefined
    const home = await this.refOf({ type: 'Organization', id: found.organizationId })
    return home && { kind, organization: home.name, name: found.name }
  }

  async #findObject(
    kind: Exclude<NamedRef['kind'], 'organization'>,
    id: string,
  ): Promise<{ organizationId: string; name: string; state?: string } | undefined> {
    switch (kind) {
      case 'user': {
        const user = await findUser(this.#db, id as UserId)
        return user && { organizationId: user.organizationId, name: user.username, state: user.state }
      }
      case 'group':
        return findGroup(this.#db, id as GroupId)
      case 'machine':
        return findMachine(this.#db, id as MachineId)
      case 'application':
        return findApplication(this.#db, id as ApplicationId)
    }
  }
}
