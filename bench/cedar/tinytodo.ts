import {
  connected,
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

const application = ref('Application', 'TinyTodo')
const reads = ['GetList']
const writes = ['UpdateList', 'CreateTask', 'UpdateTask', 'DeleteTask']

const policies = `
permit (principal, action in [Action::"CreateList", Action::"GetLists"], resource == Application::"TinyTodo");
permit (principal, action, resource is List) when { resource.owner == principal };
permit (principal, action == Action::"GetList", resource)
  when { principal in resource.readers || principal in resource.editors };
permit (principal, action in [Action::"UpdateList", Action::"CreateTask", Action::"UpdateTask", Action::"DeleteTask"], resource)
  when { principal in resource.editors };
`

/** Lists of tasks, each with an owner, a team that reads and a team that edits. */
export function tinytodo(n: number, random: Random): Workload {
  const [users, teams, lists] = [named('User', n), named('Team', n), named('List', n)]
  const work: Workload = {
    name: 'tinytodo',
    policies,
    grants: [],
    entities: [entity(application)],
    asks: makeAsks(random, 500, users, [
      ...[...reads, ...writes, 'DeleteList', 'EditShares'].map((action): [string, Ref[]] => [action, lists]),
      ['CreateList', [application]],
      ['GetLists', [application]],
    ]),
    triples: ['CreateList', 'GetLists'].map((action) => ({
      subject: 'everyone',
      object: nameOf(application),
      action,
      deep: false,
    })),
  }
  for (const user of users) work.entities.push(entity(user, [...random.some(teams, connected), application]))
  const within = nested(teams, random)
  teams.forEach((team, at) => {
    work.entities.push(entity(team, [...(within[at] as Ref[]), application]))
  })
  for (const list of lists) {
    const [owner, readers, editors] = [random.pick(users), random.pick(teams), random.pick(teams)]
    const tasks = Array.from({ length: random.below(50) }, (_, id) => ({
      id,
      name: `task_${id}`,
      state: random.pick(['Checked', 'Unchecked']),
    }))
    const attrs = {
      name: list.id,
      owner: entityRef(owner),
      readers: entityRef(readers),
      editors: entityRef(editors),
      tasks,
    }
    work.entities.push(entity(list, [application], attrs))
    const allow = (subject: Ref, action: string) =>
      work.triples.push({ subject: nameOf(subject), object: nameOf(list), action, deep: false })
    for (const action of [...reads, ...writes, 'DeleteList', 'EditShares']) allow(owner, action)
    for (const action of reads) allow(readers, action)
    for (const action of [...reads, ...writes]) allow(editors, action)
  }
  return work
}
