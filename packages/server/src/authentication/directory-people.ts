import {
  addUser,
  type Organization as DirectoryOrganization,
  domainOfEmail,
  findOrganization,
  findOrganizationByName,
  findOrganizationOfDomain,
  findUser,
  findUserByLogin,
  listOrganizations,
  moveUserIn,
  requireUser,
  type User,
} from '#directory'
import { type Clock, type Entropy, isId } from '#kernel'
import type { Reader } from '#storage'
import type { Organization, People, Person } from './deps.ts'
import { languageOfTag } from './languages/languages.ts'

const toOrganization = (found: DirectoryOrganization | undefined): Organization | undefined => {
  if (found?.state !== 'active') return undefined
  const { id, name, displayName, settings } = found
  const { signIn = {}, branding, registration, account } = settings
  return { id, name, displayName, rules: signIn, branding, registration, account }
}

/** People as the directory keeps them. One of an organization that is not active is barred. */
export function directoryPeople(deps: { clock: Clock; entropy: Entropy }): People {
  const toPerson = async (db: Reader, user: User | undefined): Promise<Person | undefined> => {
    if (user === undefined || user.state === 'deleted') return undefined
    const organization = await findOrganization(db, user.organizationId)
    const open = toOrganization(organization)
    const active = open !== undefined && (user.state === 'active' || user.state === 'invited')
    const { locale } = user.attributes
    return {
      id: user.id,
      organizationId: user.organizationId,
      username: user.username,
      name: user.displayName ?? user.username,
      email: user.email,
      state: active ? (user.state as 'active' | 'invited') : 'barred',
      organization: open ?? { id: user.organizationId, name: '', displayName: '', rules: {} },
      language: (locale === undefined ? undefined : languageOfTag(locale)) ?? 'en',
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
    create: async (tx, act, organization, { username, name, email }) => {
      const user = await addUser(tx, deps, act, organization, { username, displayName: name, email: email ?? null })
      return (await toPerson(tx, user)) as Person
    },
    activate: async (tx, act, id) => {
      const user = await requireUser(tx, id)
      const moved = user.state === 'invited' ? await moveUserIn(tx, deps, act, id, 'activate') : user
      return (await toPerson(tx, moved)) as Person
    },
  }
}
