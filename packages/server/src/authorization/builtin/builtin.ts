import { readFileSync } from 'node:fs'
import { PolicySet } from '@gatehouse/cedar'
import { builtinFile } from './build.ts'

/** A role of the built-in bundle, as people choose it. */
export interface Role {
  readonly name: string
  readonly says: string
  /** The actions it permits; undefined for all. */
  readonly actions: ReadonlySet<string> | undefined
  /** Roles that its holder may hand on; `application roles` stands for every role of an application's own bundle. */
  readonly grantable: ReadonlySet<string>
}

export interface Builtin {
  /** SHA-256 of schema and policies, hex. */
  readonly hash: string
  /** Names of all actions, sorted. */
  readonly actions: ReadonlySet<string>
  readonly roles: ReadonlyMap<string, Role>
  /** A fresh set of the policies and templates, without links. */
  newPolicySet(): PolicySet
}

interface ActionEst {
  readonly op: 'All' | '==' | 'in'
  readonly entity?: { readonly id: string }
  readonly entities?: readonly { readonly id: string }[]
}

interface TemplateEst {
  readonly action: ActionEst
  readonly annotations: { readonly id: string; readonly says: string; readonly grantable?: string }
}

/** Stands in a `@grantable` list for every role of an application's own bundle. */
export const applicationRoles = 'application roles'

/** Reads the built-in bundle from its generated form. */
export function loadBuiltin(): Builtin {
  const stored = JSON.parse(readFileSync(builtinFile('roles.est.json'), 'utf8')) as {
    hash: string
    actions: string[]
    staticPolicies: Record<string, unknown>
    templates: Record<string, TemplateEst>
  }
  const { hash, actions, staticPolicies, templates } = stored
  const roles = new Map(Object.entries(templates).map(([name, template]) => [name, roleOf(name, template)]))
  return {
    hash,
    actions: new Set(actions),
    roles,
    newPolicySet: () => PolicySet.fromJson({ staticPolicies, templates, templateLinks: [] }),
  }
}

function roleOf(name: string, { action, annotations }: TemplateEst): Role {
  const named = action.op === '==' ? [action.entity as { id: string }] : action.entities
  return {
    name,
    says: annotations.says,
    actions: action.op === 'All' ? undefined : new Set(named?.map((one) => one.id)),
    grantable: readGrantable(annotations.grantable),
  }
}

/** The roles of a `@grantable("a, b")` annotation. */
export function readGrantable(text: string | undefined): ReadonlySet<string> {
  return new Set(
    (text ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  )
}
