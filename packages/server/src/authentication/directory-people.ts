import { listGrants } from '#authorization'
import {
  addUser,
  changeUser,
  type Organization as DirectoryOrganization,
  domainOfEmail,
  findGroup,
  findOrganization,
  findOrganizationByName,
  findOrganizationOfDomain,
  findUser,
  findUserByLogin,
  groupsOfMembers,
  listOrganizations,
  moveUserIn,
  parseUser,
  requireUser,
  type User,
} from '#directory'
import { type Clock, type Entropy, type GroupId, isId, type UserId } from '#kernel'
import type { Reader } from '#storage'
import { breakGlassAttribute } from './break-glass.ts'
import type { Organization, People, Person } from './deps.ts'
import { languageOfTag } from './languages/languages.ts'

const toOrganization = (found: DirectoryOrganization | undefined): Organization | undefined => {
  if (found?.state !== 'active') return undefined
  const { id, name, displayName, settings } = found
  const { signIn = {}, branding, registration, account } = settings
  return { id, name, displayName, rules: signIn, branding, registration, account }
}

/** What is kept about a person: as the directory has it, with the groups and roles they are in. */
async function describePerson(db: Reader, id: UserId) {
  const { organizationId: _, createdAtMs, updatedAtMs, ...user } = await requireUser(db, id)
  const groups = await groupsOfMembers(db, [id])
  const named = await Promise.all((groups.get(id) ?? []).map((group) => findGroup(db, group as GroupId)))
  const grants = await listGrants(db, { principal: { type: 'User', id } }, '', 200)
  return {
    ...user,
    createdAt: new Date(createdAtMs).toISOString(),
    updatedAt: new Date(updatedAtMs).toISOString(),
    groups: named.flatMap((group) => (group === undefined ? [] : [group.name])),
    roles: grants,
  }
}

/** People as the directory keeps them. One of an organization that is not active is barred. */
export function directoryPeople(deps: { clock: Clock; entropy: Entropy }): People {
  const toPerson = async (db: Reader, user: User | undefined): Promise<Person | undefined> => {
    if (user === undefined || user.state === 'deleted') return undefined
    const organization = await findOrganization(db, user.organizationId)
    const open = toOrganization(organization)
    const active = open !== undefined && (user.state === 'active' || user.state === 'invited')
    const { locale, [breakGlassAttribute]: breakGlass } = user.attributes
    return {
      id: user.id,
      organizationId: user.organizationId,
      username: user.username,
      name: user.displayName ?? user.username,
      email: user.email,
      emailVerified: user.emailVerified,
      state: active ? (user.state as 'active' | 'invited') : 'barred',
      organization: open ?? { id: user.organizationId, name: '', displayName: '', rules: {} },
      language: (locale === undefined ? undefined : languageOfTag(locale)) ?? 'en',
      breakGlass: breakGlass === 'true',
    }
  }
  return {
    findOrganization: async (db, idOrName) => {
      const name = idOrName.trim().toLowerCase()
      const found = isId('org', idOrName)
        ? await findOrganization(db, idOrName)
        : await findOrganizationByName(db, name)
      return toOrganization(found)
    },
    findOrganizationOfEmail: async (db, email) => {
      const domain = domainOfEmail(email)
      return domain === undefined ? undefined : toOrganization(await findOrganizationOfDomain(db, domain))
    },
    findOnlyOrganization: async (db) => {
      const [only, other] = await listOrganizations(db, { limit: 2 })
      return other === undefined ? toOrganization(only) : undefined
    },
    findByLogin: async (db, organization, login) => toPerson(db, await findUserByLogin(db, organization, login)),
    find: async (db, user) => toPerson(db, await findUser(db, user)),
    create: async (tx, act, organization, { username, name, email, emailVerified = false }) => {
      const input = { username, displayName: name, email: email ?? null, emailVerified }
      const user = await addUser(tx, deps, act, organization, input)
      return (await toPerson(tx, user)) as Person
    },
    update: async (tx, act, user, { name, email, emailVerified }) => {
      await changeUser(tx, deps, act, user, {
        ...(name !== undefined && { displayName: name }),
        ...(email !== undefined && { email }),
        ...(emailVerified !== undefined && { emailVerified }),
      })
    },
    confirmEmail: async (tx, act, id, email) => {
      if ((await requireUser(tx, id)).email === email) await changeUser(tx, deps, act, id, { emailVerified: true })
    },
    parseEmail: (text) => {
      const { email } = parseUser({ email: text })
      return email as string
    },
    close: async (tx, act, user) => {
      await moveUserIn(tx, deps, act, user, 'deactivate', { reason: 'closed by its person' })
    },
    describe: describePerson,
    activate: async (tx, act, id) => {
      const user = await requireUser(tx, id)
      const moved = user.state === 'invited' ? await moveUserIn(tx, deps, act, id, 'activate') : user
      return (await toPerson(tx, moved)) as Person
    },
  }
}
