import { deployment } from '#authorization'
import { yaml } from '#config'
import { listOrganizations } from '#directory'
import { type Act, Fault, type OrganizationId } from '#kernel'
import { type Activation, findBundle } from '../bundles/bundle.store.ts'
import type { PoliciesDeps } from '../deps.ts'
import { signInOwner } from '../sign-in/apply-sign-in.ts'
import { ownFiles } from '../sign-in/check-sign-in.ts'
import { applicationOf, signInItem } from './item.ts'
import { type KnownItem, readKnown } from './known.ts'

/**
 * Everything a configuration can say of these organizations, as files: one document each, bundles in directories beside it.
 * Applied to an empty server they give the same again. No secret is in them.
 * @throws {Fault} `authorization.denied`, `directory.organization_unknown`
 */
export async function exportConfiguration(
  deps: PoliciesDeps,
  act: Act,
  organizations: readonly string[] | undefined,
): Promise<Record<string, string>> {
  const { db } = deps.storage
  const names = organizations ?? (await visibleOrganizations(deps, act))
  const known = await readKnown(db, names, deps.clock.nowMs())
  const files: Record<string, string> = {}
  for (const name of names) {
    const id = await known.names.idOf({ kind: 'organization', organization: name, name })
    if (id === undefined) throw new Fault('directory.organization_unknown')
    deps.gate.require(act, 'exportConfiguration', { type: 'Organization', id })
    const items = [...known.items.values()].filter(({ organization }) => organization === name)
    for (const item of items) {
      const application = known.applications.get(`${name}/${item.name}`)
      if (item.kind !== 'policies') continue
      const { hash } = item.object as Activation
      if (item.name === signInItem) {
        const bundle = await findBundle(db, signInOwner({ id: id as OrganizationId, name }), hash)
        for (const [path, text] of Object.entries(ownFiles(bundle?.files ?? {})))
          files[`${signInDirectory(name)}/${path}`] = text
      } else if (application !== undefined) {
        const bundle = await findBundle(db, application, hash)
        for (const [path, text] of Object.entries(bundle?.files ?? {})) files[`${name}/${item.name}/${path}`] = text
      }
    }
    const document = documentOf(
      name,
      items,
      Object.keys(files).some((path) => path.startsWith(signInDirectory(name))),
    )
    files[`${name}.yaml`] = yaml().stringify(document, { lineWidth: 120, aliasDuplicateObjects: false })
  }
  return Object.fromEntries(Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function visibleOrganizations(deps: PoliciesDeps, act: Act): Promise<string[]> {
  const names: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await listOrganizations(deps.storage.db, { after, limit: 500 })
    for (const { id, name } of page)
      if (deps.gate.may(act, 'exportConfiguration', { type: 'Organization', id })) names.push(name)
    after = page.at(-1)?.name
    if (after === undefined) break
  }
  // Who may export nothing is refused, not told that there is nothing.
  if (names.length === 0) deps.gate.require(act, 'exportConfiguration', deployment)
  return names
}

/** An application's name has no dot. */
const signInDirectory = (organization: string) => `${organization}/sign-in.policy`

/** One organization's document: what a section has in it, and nothing that is empty. */
function documentOf(name: string, items: readonly KnownItem[], hasSignInPolicy: boolean): Record<string, unknown> {
  const of = (kind: KnownItem['kind']) => items.filter((item) => item.kind === kind).sort(byName)
  const section = (kind: KnownItem['kind'], fieldsOf = (item: KnownItem) => item.fields) => {
    const found = of(kind)
    return found.length === 0 ? undefined : Object.fromEntries(found.map((item) => [item.name, filled(fieldsOf(item))]))
  }
  const withPolicies = new Set(of('policies').map((item) => item.name))
  const applications = section('application', (item) => ({
    ...item.fields,
    routes: Object.fromEntries((item.fields.routes ?? []) as [string, string][]),
    ...(withPolicies.has(item.name) && { policies: `${name}/${item.name}` }),
  }))
  const resources = Map.groupBy(of('resource'), (item) => applicationOf(item.name))
  return defined({
    organization: name,
    ...filled(of('organization')[0]?.fields ?? {}),
    sign_in_policy: hasSignInPolicy ? signInDirectory(name) : undefined,
    users: section('user'),
    groups: section('group'),
    machines: section('machine'),
    applications,
    identity_providers: section('provider'),
    resources:
      resources.size === 0
        ? undefined
        : Object.fromEntries([...resources].map(([application, some]) => [application, some.map(resourceEntry)])),
    grants: of('grant').length === 0 ? undefined : of('grant').map(grantEntry),
  })
}

function resourceEntry({ name, fields }: KnownItem): Record<string, unknown> {
  return { uid: name.slice(name.indexOf('/') + 1), ...filled(fields) }
}

function grantEntry({ name, fields, organization }: KnownItem): Record<string, unknown> {
  const match = /^(.+?) ((?:user|group|machine|application|organization):\S+|(?:\w+::)+"(?:[^"\\]|\\.)*") (.+)$/s.exec(
    name.replace(/ #\d+$/, ''),
  )
  const [, role, to, on] = match as RegExpExecArray
  const { from, until, why } = fields
  return defined({
    role,
    to,
    on: on === `organization:${organization}` ? undefined : on,
    from,
    until: until ?? undefined,
    why,
  })
}

const byName = (a: KnownItem, b: KnownItem) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

/** Without members that say nothing. */
function filled(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== undefined && !(typeof value === 'object' && value !== null && Object.keys(value).length === 0),
    ),
  )
}

function defined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}
