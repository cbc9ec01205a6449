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

const owners = `
permit (principal, action == Action::"read", resource) when { resource.isPublic };
permit (principal, action in [Action::"read", Action::"write", Action::"share"], resource)
  when { resource in principal.ownedDocuments || resource in principal.ownedFolders };
permit (principal, action == Action::"changeOwner", resource) when { principal.ownedDocuments.contains(resource) };
permit (principal, action == Action::"createDocument", resource) when { principal.ownedFolders.contains(resource) };
`

/** Documents in folders, owned, public or shared; `templates` shares by links instead of views. */
export function gdrive(n: number, random: Random, templates: boolean): Workload {
  const [users, groups, documents, folders] = [
    named('User', n),
    named('Group', n),
    named('Document', n),
    named('Folder', n),
  ]
  const work: Workload = {
    name: templates ? 'gdrive-templates' : 'gdrive',
    policies: templates
      ? `@id("reader") permit (principal in ?principal, action == Action::"read", resource in ?resource);${owners}`
      : `permit (principal, action == Action::"read", resource) when { resource in principal.documentsAndFoldersWithViewAccess };${owners}`,
    grants: [],
    entities: [],
    asks: makeAsks(random, 500, users, [
      ['read', documents],
      ['write', documents],
      ['share', documents],
      ['changeOwner', documents],
      ['createDocument', folders],
    ]),
    triples: [],
  }
  const members = new Map(groups.map((group) => [group, [] as Ref[]]))
  for (const user of users) {
    const parents = random.some(groups, connected)
    for (const group of parents) members.get(group)?.push(user)
    addUser(work, user, parents, random.some(documents, connected), random.some(folders, connected), templates)
  }
  for (const group of groups) {
    work.entities.push(entity(group))
    const views = (members.get(group) as Ref[]).map(viewOf)
    if (!templates) work.entities.push(entity(viewOf(group), views))
  }
  const within = nested(folders, random)
  folders.forEach((folder, at) => {
    share(work, entity(folder, within[at]), [...users, ...groups], random, templates)
  })
  for (const document of documents) {
    const isPublic = random.next() < 0.5
    if (isPublic) work.triples.push({ subject: 'everyone', object: nameOf(document), action: 'read', deep: false })
    share(
      work,
      entity(document, random.some(folders, connected), { isPublic }),
      [...users, ...groups],
      random,
      templates,
    )
  }
  return work
}

const viewOf = (uid: Ref) => ref('View', nameOf(uid))

function addUser(
  work: Workload,
  user: Ref,
  parents: Ref[],
  documents: Ref[],
  folders: Ref[],
  templates: boolean,
): void {
  const subject = nameOf(user)
  const view = templates ? {} : { documentsAndFoldersWithViewAccess: entityRef(viewOf(user)) }
  const attrs = { ...view, ownedDocuments: documents.map(entityRef), ownedFolders: folders.map(entityRef) }
  work.entities.push(entity(user, parents, attrs))
  if (!templates) {
    work.entities.push(entity(viewOf(user)))
    work.triples.push({ subject, object: nameOf(viewOf(user)), action: 'read', deep: true })
  }
  for (const owned of [...documents, ...folders])
    for (const action of ['read', 'write', 'share'])
      work.triples.push({ subject, object: nameOf(owned), action, deep: true })
  for (const owned of documents)
    work.triples.push({ subject, object: nameOf(owned), action: 'changeOwner', deep: false })
  for (const owned of folders)
    work.triples.push({ subject, object: nameOf(owned), action: 'createDocument', deep: false })
}

/** Shares a thing with some: by putting it in their views, or by linking the template to them. */
function share(work: Workload, thing: EntityJson, with_: Ref[], random: Random, templates: boolean): void {
  const viewers = random.some(with_, connected)
  if (!templates) {
    work.entities.push({ ...thing, parents: [...thing.parents, ...viewers.map(viewOf)] })
    return
  }
  work.entities.push(thing)
  for (const principal of viewers) {
    work.grants.push({ template: 'reader', id: `share_${work.grants.length}`, principal, resource: thing.uid })
    work.triples.push({ subject: nameOf(principal), object: nameOf(thing.uid), action: 'read', deep: true })
  }
}
