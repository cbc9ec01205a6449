import type { EntityUid } from '#authorization'
import type { Problems } from '../places/problem.ts'
import { anything, list, named, object, oneOf, placed, text } from '../places/shape.ts'
import { uid } from '../places/uid.ts'
import { type Located, problemAt, readYaml } from '../places/yaml.ts'

/** An entity that a case supposes. */
export interface CaseEntity {
  readonly uid: EntityUid
  readonly parents: readonly EntityUid[]
  readonly attrs: Readonly<Record<string, unknown>>
  readonly tags: Readonly<Record<string, unknown>>
  readonly at: Located
}

/** A grant that a case supposes: a template of the bundle, linked. */
export interface CaseGrant {
  readonly role: string
  readonly principal: EntityUid
  readonly resource: EntityUid
  readonly at: Located
}

/** One named case of `tests/*.yaml`: a question and the answer the bundle must give. */
export interface Case {
  readonly name: string
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context: Readonly<Record<string, unknown>>
  readonly entities: readonly CaseEntity[]
  readonly grants: readonly CaseGrant[]
  readonly expect: 'allow' | 'deny'
  /** The policies that decide, by id; not looked at when undefined. */
  readonly because: readonly string[] | undefined
  readonly at: Located
}

const entity = placed(
  object({ uid }, { parents: list(uid), attrs: named(anything), tags: named(text({ most: 65_536 })) }),
)
const grant = placed(object({ role: text(), principal: uid, resource: uid }, {}))
const action = text({ most: 400 })
const oneCase = placed(
  object(
    { name: text({ most: 300 }), principal: uid, action, resource: uid, expect: oneOf('allow', 'deny') },
    { context: named(anything), entities: list(entity), grants: list(grant), because: list(text()) },
  ),
)
const file = object({ tests: list(oneCase) }, { entities: list(entity), grants: list(grant) })

/** Reads the cases of one test file. `readAction` makes an action's uid of what stands in the file (`read`, or a whole uid). */
export function readCases(
  path: string,
  source: string,
  readAction: (written: string) => EntityUid | undefined,
  problems: Problems,
): Case[] {
  const cases: Case[] = []
  for (const document of readYaml(path, source, problems) ?? []) {
    const read = file(document, problems)
    if (read === undefined) continue
    const shared = (read.entities ?? []).map(toEntity)
    const sharedGrants = (read.grants ?? []).map(({ value, at }) => ({ ...value, at }))
    for (const { value, at } of read.tests) {
      const asked = readAction(value.action)
      if (asked === undefined) {
        problemAt(at, problems, `the schema has no action ${JSON.stringify(value.action)}`)
        continue
      }
      cases.push({
        name: value.name,
        principal: value.principal,
        action: asked,
        resource: value.resource,
        context: Object.fromEntries(value.context ?? []),
        entities: override(shared, (value.entities ?? []).map(toEntity)),
        grants: [...sharedGrants, ...(value.grants ?? []).map((own) => ({ ...own.value, at: own.at }))],
        expect: value.expect,
        because: value.because,
        at,
      })
    }
  }
  return cases
}

type EntityShape = typeof entity extends (...args: never[]) => infer T ? NonNullable<T> : never

function toEntity({ value, at }: EntityShape): CaseEntity {
  return {
    uid: value.uid,
    parents: value.parents ?? [],
    attrs: Object.fromEntries(value.attrs ?? []),
    tags: Object.fromEntries(value.tags ?? []),
    at,
  }
}

/** A case's own entity stands in for the file's of the same name. */
function override(shared: readonly CaseEntity[], own: readonly CaseEntity[]): CaseEntity[] {
  const same = (a: CaseEntity, b: CaseEntity) => a.uid.type === b.uid.type && a.uid.id === b.uid.id
  return [...shared.filter((entity) => !own.some((other) => same(entity, other))), ...own]
}
