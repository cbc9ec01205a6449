import {
  connected,
  type EntityJson,
  entity,
  entityRef,
  makeAsks,
  named,
  nameOf,
  nested,
  type Random,
  type Ref,
  ref,
  type Workload,
} from './workload.ts'

const roles = ['reader', 'triager', 'writer', 'maintainer', 'admin'] as const
const actions = ['read', 'triage', 'write', 'maintain', 'admin'] as const
const organizationRoles = ['reader', 'writer', 'admin'] as const
const actionOf = (role: string) => actions[roles.indexOf(role as (typeof roles)[number])] as string

/** An action lies in the group of every role that may do it, so one policy or template a role is enough. */
const actionEntities: EntityJson[] = actions.map((action, at) =>
  entity(ref('Action', action), at + 1 < actions.length ? [ref('Action', actions[at + 1] as string)] : []),
)

const inherited = organizationRoles
  .map(
    (role) =>
      `permit (principal, action in Action::"${actionOf(role)}", resource) when { principal in resource.owner.${role}s };`,
  )
  .join('\n')
const direct = roles
  .map(
    (role) =>
      `permit (principal, action in Action::"${actionOf(role)}", resource) when { principal in resource.${role}s };`,
  )
  .join('\n')
const templates = roles
  .map(
    (role) =>
      `@id("${role}") permit (principal in ?principal, action in Action::"${actionOf(role)}", resource == ?resource);`,
  )
  .join('\n')

/** Repositories of organizations, with five roles given to users and teams; `linked` gives roles by links. */
export function github(n: number, random: Random, linked: boolean): Workload {
  const [users, teams] = [named('User', n), named('Team', n)]
  const [repositories, organizations] = [named('Repository', n), named('Organization', n)]
  const work: Workload = {
    name: linked ? 'github-templates' : 'github',
    policies: `${linked ? templates : direct}\n${inherited}`,
    grants: [],
    entities: [...actionEntities],
    asks: makeAsks(
      random,
      500,
      users,
      actions.map((action) => [action, repositories]),
    ),
    triples: [],
  }
  for (const organization of organizations) {
    const attrs = Object.fromEntries(
      organizationRoles.map((role) => [`${role}s`, entityRef(permission(organization, role))]),
    )
    const used = random.some(organizations, connected).map((other) => permission(other, random.pick(organizationRoles)))
    work.entities.push(entity(organization, used, attrs))
    for (const role of organizationRoles) work.entities.push(entity(permission(organization, role)))
  }
  for (const repository of repositories) addRepository(work, repository, random.pick(organizations), linked)
  const within = nested(teams, random)
  teams.forEach((team, at) => {
    work.entities.push(entity(team, [...(within[at] as Ref[]), ...give(work, team, repositories, random, linked)]))
  })
  for (const user of users) {
    const parents = [
      ...give(work, user, repositories, random, linked),
      ...random.some(teams, connected),
      ...random.some(organizations, connected),
      ...random.some(organizations, connected).map((other) => permission(other, random.pick(organizationRoles))),
    ]
    work.entities.push(entity(user, parents))
  }
  return work
}

const permission = (uid: Ref, role: string) => ref('Permission', `${uid.id}_${role}s`)

function addRepository(work: Workload, repository: Ref, owner: Ref, linked: boolean): void {
  const own = linked ? [] : roles.map((role) => [`${role}s`, entityRef(permission(repository, role))])
  work.entities.push(entity(repository, [], { ...Object.fromEntries(own), owner: entityRef(owner) }))
  for (const role of organizationRoles) grantTriples(work, permission(owner, role), repository, role)
  if (linked) return
  for (const role of roles) {
    work.entities.push(entity(permission(repository, role)))
    grantTriples(work, permission(repository, role), repository, role)
  }
}

/** A role grants its own action and every lesser one. */
function grantTriples(work: Workload, subject: Ref, repository: Ref, role: string): void {
  for (const action of actions.slice(0, roles.indexOf(role as (typeof roles)[number]) + 1))
    work.triples.push({ subject: nameOf(subject), object: nameOf(repository), action, deep: false })
}

function give(work: Workload, to: Ref, repositories: Ref[], random: Random, linked: boolean): Ref[] {
  const parents: Ref[] = []
  for (const repository of random.some(repositories, connected)) {
    const role = random.pick(roles)
    if (!linked) parents.push(permission(repository, role))
    else {
      work.grants.push({ template: role, id: `grant_${work.grants.length}`, principal: to, resource: repository })
      grantTriples(work, to, repository, role)
    }
  }
  return parents
}
