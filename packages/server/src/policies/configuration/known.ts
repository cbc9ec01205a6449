import { deployment, type EntityUid, type Grant, isInForce, listGrants } from '#authorization'
import {
  type Application,
  findOrganizationByName,
  type Group,
  homeName,
  listApplications,
  listGroups,
  listMachines,
  listMembers,
  listProviders,
  listUsers,
  type Machine,
  type Organization,
  type Provider,
  type User,
} from '#directory'
import type { Reader } from '#storage'
import { type Activation, findActivation } from '../bundles/bundle.store.ts'
import { formatUid } from '../places/uid.ts'
import { signInOwner } from '../sign-in/apply-sign-in.ts'
import {
  applicationFields,
  groupFields,
  machineFields,
  organizationFields,
  providerFields,
  userFields,
} from './fields.ts'
import { formatRef, type Item, keyOf, numbered, signInItem } from './item.ts'
import { Names } from './names.ts'
import { listResources, ordered, type Resource } from './resource.ts'

/** An item as the server has it, with what it stands for. */
export interface KnownItem extends Item {
  readonly object: Organization | User | Group | Machine | Application | Provider | Activation | Resource | Grant
}

/** What a server has of some organizations, by names. */
export interface Known {
  /** In the order of `itemKinds`, then by name. */
  readonly items: ReadonlyMap<string, KnownItem>
  readonly names: Names
  /** `organization/application` → the application. */
  readonly applications: ReadonlyMap<string, Application>
}

const pageSize = 500

/** Reads everything that a configuration can say about these organizations; one that does not exist gives nothing. */
export async function readKnown(db: Reader, organizations: readonly string[], nowMs: number): Promise<Known> {
  const names = new Names(db)
  const items = new Map<string, KnownItem>()
  const applications = new Map<string, Application>()
  const put = (item: KnownItem) => void items.set(keyOf(item), item)
  for (const name of organizations) {
    const organization = await findOrganizationByName(db, name)
    if (organization === undefined || organization.state === 'deleted') continue
    names.learn({ kind: 'organization', organization: name, name }, organization.id)
    put({
      kind: 'organization',
      organization: name,
      name,
      fields: organizationFields(organization),
      object: organization,
    })
    await readDirectory(db, organization, names, put)
    for await (const application of allApplications(db, organization)) {
      applications.set(`${name}/${application.name}`, application)
      await readApplication(db, name, application, names, put)
    }
    for (const provider of await listProviders(db, { organizationIds: [organization.id] }, { limit: pageSize }))
      put({
        kind: 'provider',
        organization: name,
        name: provider.name,
        fields: providerFields(provider),
        object: provider,
      })
    const signIn = await findActivation(db, signInOwner(organization))
    if (signIn !== undefined)
      put({ kind: 'policies', organization: name, name: signInItem, fields: { bundle: signIn.hash }, object: signIn })
    await readGrants(db, organization, nowMs, names, put)
  }
  return { items, names, applications }
}

async function readDirectory(db: Reader, organization: Organization, names: Names, put: (item: KnownItem) => void) {
  const { id, name: home } = organization
  const filter = { organizationIds: [id] }
  for await (const user of pages(
    (after) => listUsers(db, filter, { after, limit: pageSize }),
    (user) => user.username,
  )) {
    names.learn({ kind: 'user', organization: home, name: user.username }, user.id)
    put({ kind: 'user', organization: home, name: user.username, fields: userFields(user), object: user })
  }
  for await (const group of pages(
    (after) => listGroups(db, filter, { after, limit: pageSize }),
    (group) => group.name,
  )) {
    names.learn({ kind: 'group', organization: home, name: group.name }, group.id)
    const members: string[] = []
    for (let after: string | undefined; ; ) {
      const page = await listMembers(db, group, {}, { after, limit: pageSize })
      for (const { type, name } of page) members.push(`${type.toLowerCase()}:${name}`)
      after = page.at(-1)?.id
      if (after === undefined) break
    }
    put({ kind: 'group', organization: home, name: group.name, fields: groupFields(group, members), object: group })
  }
  for await (const machine of pages(
    (after) => listMachines(db, filter, { after, limit: pageSize }),
    (m) => m.name,
  )) {
    names.learn({ kind: 'machine', organization: home, name: machine.name }, machine.id)
    const owner = await names.refOf({ type: 'User', id: machine.owner })
    const fields = machineFields(machine, owner === undefined ? `user:${machine.owner}` : formatRef(owner, home))
    put({ kind: 'machine', organization: home, name: machine.name, fields, object: machine })
  }
}

function allApplications(db: Reader, { id }: Organization) {
  const filter = { organizationIds: [id] }
  return pages(
    (after) => listApplications(db, filter, { after, limit: pageSize }),
    ({ name }) => name,
  )
}

async function readApplication(
  db: Reader,
  home: string,
  application: Application,
  names: Names,
  put: (item: KnownItem) => void,
): Promise<void> {
  const { name } = application
  names.learn({ kind: 'application', organization: home, name }, application.id)
  put({ kind: 'application', organization: home, name, fields: applicationFields(application), object: application })
  const activation = await findActivation(db, application)
  if (activation !== undefined)
    put({ kind: 'policies', organization: home, name, fields: { bundle: activation.hash }, object: activation })
  for await (const resource of listResources(db, application)) {
    const fields = {
      parents: (await Promise.all(resource.parents.map((uid) => spell(names, uid, home)))).sort(),
      attributes: ordered(await spellDeep(names, resource.attrs, home)),
      tags: ordered(await spellDeep(names, resource.tags ?? {}, home)),
    }
    put({ kind: 'resource', organization: home, name: `${name}/${formatUid(resource.uid)}`, fields, object: resource })
  }
}

async function readGrants(
  db: Reader,
  organization: Organization,
  nowMs: number,
  names: Names,
  put: (item: KnownItem) => void,
): Promise<void> {
  const home = organization.name
  const filters = [{ organizationId: organization.id }, ...(home === homeName ? [{ resource: deployment }] : [])]
  const byName = new Map<string, Grant[]>()
  for (const filter of filters)
    for (let after = ''; ; ) {
      const page = await listGrants(db, filter, after, pageSize)
      for (const grant of page) {
        if (grant.untilMs !== undefined && grant.untilMs <= nowMs) continue
        const name = await nameOfGrant(names, grant, home)
        byName.set(name, [...(byName.get(name) ?? []), grant])
      }
      const last = page.at(-1)
      if (last === undefined) break
      after = last.id
    }
  for (const [name, grants] of byName)
    for (const [index, grant] of sortGrants(grants).entries()) {
      const fields = {
        ...(!isInForce(grant, nowMs) && { from: new Date(grant.fromMs).toISOString() }),
        until: grant.untilMs === undefined ? null : new Date(grant.untilMs).toISOString(),
        why: grant.why,
      }
      put({ kind: 'grant', organization: home, name: numbered(name, index), fields, object: grant })
    }
}

/** The longest first: what a file says of a role, a principal and a resource is held against that one. */
function sortGrants(grants: readonly Grant[]): Grant[] {
  return [...grants].sort((a, b) => (b.untilMs ?? Infinity) - (a.untilMs ?? Infinity) || (a.id < b.id ? -1 : 1))
}

/** `documents/viewer group:staff Folder::"handbook"`: what a grant is known by in files. */
async function nameOfGrant(names: Names, grant: Grant, home: string): Promise<string> {
  const application =
    grant.applicationId === undefined
      ? 'gatehouse'
      : ((await names.refOf({ type: 'Application', id: grant.applicationId }))?.name ?? grant.applicationId)
  const on = grant.resource.type === deployment.type ? 'deployment' : await spell(names, grant.resource, home)
  return `${application}/${grant.role} ${await spell(names, grant.principal, home)} ${on}`
}

/** An entity as the files of `home` write it: by name where it is the directory's. */
async function spell(names: Names, uid: EntityUid, home: string): Promise<string> {
  const ref = await names.refOf(uid)
  return ref === undefined ? formatUid(uid) : formatRef(ref, home)
}

/** A value with its entities as the files write them. */
async function spellDeep(names: Names, value: unknown, home: string): Promise<unknown> {
  if (Array.isArray(value)) return Promise.all(value.map((item) => spellDeep(names, item, home)))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value)
  const [only] = members
  if (members.length === 1 && only?.[0] === '__entity')
    return { __entity: await spell(names, only[1] as EntityUid, home) }
  return Object.fromEntries(
    await Promise.all(members.map(async ([key, inner]) => [key, await spellDeep(names, inner, home)])),
  )
}

async function* pages<T extends { readonly id: string; readonly organizationId: string }>(
  read: (after: readonly [string, string, string] | undefined) => Promise<T[]>,
  nameOf: (row: T) => string,
): AsyncGenerator<T> {
  for (let after: readonly [string, string, string] | undefined; ; ) {
    const page = await read(after)
    yield* page
    const last = page.at(-1)
    if (last === undefined) return
    after = [last.organizationId, nameOf(last), last.id]
  }
}
