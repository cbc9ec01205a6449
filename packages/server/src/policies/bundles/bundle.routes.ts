import { requireApplication } from '#directory'
import { Fault, isId, type Static, Type } from '#kernel'
import { Answer, makeCursor, type Operation, operation, pageDefault, pageMost, readCursor } from '#web'
import type { PoliciesDeps } from '../deps.ts'
import { applyBundle, rollBackBundle, validateBundle } from './apply-bundle.ts'
import { type Activation, findActivation, findBundle, listActivations, type StoredBundle } from './bundle.store.ts'
import { bundleLimits } from './bundle-files.ts'
import type { BundleCheck } from './check-bundle.ts'

export const closed = <P extends Parameters<typeof Type.Object>[0]>(members: P) =>
  Type.Object(members, { additionalProperties: false })
export const hash = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'SHA-256 of the bundle: see docs/policies.md',
})
const params = closed({ applicationId: Type.String() })
const files = Type.Record(Type.String({ maxLength: 300 }), Type.String(), {
  description: 'Path in the bundle → text: schema.cedarschema, *.cedar, tests/*.yaml, manifest.yaml, *.md',
})
export const comment = Type.Optional(Type.String({ maxLength: 500, description: 'Why, for the record' }))
export const problem = closed({
  file: Type.String(),
  line: Type.Integer({ description: 'From 1' }),
  column: Type.Integer({ description: 'From 1, in UTF-16 units' }),
  says: Type.String(),
  help: Type.Optional(Type.String()),
})
const testResult = closed({
  name: Type.String(),
  file: Type.String(),
  line: Type.Integer(),
  passed: Type.Boolean(),
  decision: Type.Union([Type.Literal('allow'), Type.Literal('deny')]),
  because: Type.Array(Type.String(), { description: 'Ids of the deciding policies' }),
})
export const activation = closed({
  number: Type.Integer({ description: 'Counts activations of the application; the ETag' }),
  hash,
  kind: Type.Union([Type.Literal('apply'), Type.Literal('rollback')]),
  comment: Type.Optional(Type.String()),
  by: closed({ type: Type.String(), id: Type.Optional(Type.String()), name: Type.String() }),
  activatedAtMs: Type.Integer(),
})
export const bundle = closed({ hash, files, roles: Type.Array(Type.String()) })
const change = Type.Union([Type.Literal('added'), Type.Literal('removed'), Type.Literal('changed')])
export const diff = closed({
  before: Type.Optional(hash),
  after: hash,
  files: Type.Array(closed({ file: Type.String(), change })),
  policies: Type.Array(closed({ id: Type.String(), change, effect: Type.String() })),
})
export const checked = {
  warnings: Type.Array(problem),
  tests: Type.Array(testResult),
}
/** A bundle of the largest size, with every character escaped once. */
export const bodyLimit = bundleLimits.bytes * 2 + 1024 * 1024

/** Everything over HTTP about the policy bundles of an application. */
export function bundleOperations(deps: PoliciesDeps): Operation[] {
  const { db } = deps.storage
  const viewable = async (act: Parameters<typeof deps.gate.require>[0], id: unknown) => {
    const application = await requireApplication(db, readApplicationId(id))
    deps.gate.require(act, 'viewPolicies', { type: 'Application', id: application.id })
    return application
  }
  return [
    operation({
      id: 'policies.apply',
      method: 'PUT',
      url: '/api/applications/:applicationId/policies',
      summary: 'Check a policy bundle and put it in force',
      access: { kind: 'action', action: 'applyPolicies' },
      bodyLimit,
      schemas: { params, body: closed({ files, comment }), reply: closed({ ...activation.properties, ...checked }) },
      handle: async ({ act, params, body, ifRevision }) => {
        const options = { comment: body.comment, ifRevision }
        const { value, at } = await applyBundle(deps, act, readApplicationId(params.applicationId), body.files, options)
        const { activation, check } = value
        return new Answer({ ...showActivation(activation), ...showCheck(check) }, { at, revision: activation.number })
      },
    }),
    operation({
      id: 'policies.show',
      method: 'GET',
      url: '/api/applications/:applicationId/policies',
      summary: 'The bundle in force, with its files',
      access: { kind: 'action', action: 'viewPolicies' },
      schemas: { params, reply: closed({ ...activation.properties, ...bundle.properties }) },
      handle: async ({ act, params }) => {
        const application = await viewable(act, params.applicationId)
        const active = await findActivation(db, application)
        const stored = active && (await findBundle(db, application, active.hash))
        if (active === undefined || stored === undefined) throw new Fault('policies.none_active')
        return new Answer({ ...showActivation(active), ...showBundle(stored) }, { revision: active.number })
      },
    }),
    operation({
      id: 'policies.history',
      method: 'GET',
      url: '/api/applications/:applicationId/policies/history',
      summary: 'Which bundles were in force, the newest first',
      access: { kind: 'action', action: 'viewPolicies' },
      schemas: {
        params,
        query: closed({
          limit: Type.Optional(Type.String({ pattern: '^[1-9]\\d{0,2}$' })),
          cursor: Type.Optional(Type.String({ maxLength: 1_000 })),
        }),
        reply: closed({ items: Type.Array(activation), next: Type.Optional(Type.String()) }),
      },
      handle: async ({ act, params, query }) => {
        const application = await viewable(act, params.applicationId)
        const limit = Math.min(Number(query.limit ?? pageDefault), pageMost)
        const [before] =
          query.cursor === undefined
            ? [Number.MAX_SAFE_INTEGER]
            : readCursor('policies.history', query.cursor, ['number'] as const)
        const rows = await listActivations(db, application, before, limit + 1)
        const kept = rows.slice(0, limit)
        const last = kept.at(-1)
        const more = rows.length > limit && last !== undefined
        return {
          items: kept.map(showActivation),
          ...(more && { next: makeCursor('policies.history', [last.number]) }),
        }
      },
    }),
    operation({
      id: 'policies.version',
      method: 'GET',
      url: '/api/applications/:applicationId/policies/versions/:hash',
      summary: 'One bundle by its hash, with its files',
      access: { kind: 'action', action: 'viewPolicies' },
      schemas: { params: closed({ applicationId: Type.String(), hash }), reply: bundle },
      handle: async ({ act, params }) => {
        const application = await viewable(act, params.applicationId)
        const stored = await findBundle(db, application, params.hash)
        if (stored === undefined) throw new Fault('policies.bundle_unknown')
        return showBundle(stored)
      },
    }),
    operation({
      id: 'policies.validate',
      method: 'POST',
      url: '/api/applications/:applicationId/policies/validate',
      summary: 'Check a bundle, run its tests and compare it with the one in force; changes nothing',
      access: { kind: 'action', action: 'viewPolicies' },
      bodyLimit,
      schemas: {
        params,
        body: closed({ files }),
        reply: closed({
          valid: Type.Boolean(),
          hash: Type.Optional(hash),
          problems: Type.Array(problem),
          ...checked,
          diff: Type.Optional(diff),
          dangling: Type.Array(closed({ id: Type.String(), role: Type.String() })),
        }),
      },
      handle: async ({ act, params, body }) => {
        const run = await validateBundle(deps, act, readApplicationId(params.applicationId), body.files)
        const { check, diff: found, dangling } = run
        return {
          valid: check.bundle !== undefined && dangling.length === 0,
          ...(check.bundle !== undefined && { hash: check.bundle.hash }),
          problems: [...check.problems],
          ...showCheck(check),
          ...(found !== undefined && { diff: found as Static<typeof diff> }),
          dangling: [...dangling],
        }
      },
    }),
    operation({
      id: 'policies.rollback',
      method: 'POST',
      url: '/api/applications/:applicationId/policies/rollback',
      summary: 'Put a former bundle in force again; without a hash, the one before the present one',
      access: { kind: 'action', action: 'rollBackPolicies' },
      schemas: { params, body: closed({ hash: Type.Optional(hash), comment }), reply: activation },
      handle: async ({ act, params, body, ifRevision }) => {
        const options = { comment: body.comment, ifRevision }
        const id = readApplicationId(params.applicationId)
        const { value, at } = await rollBackBundle(deps, act, id, body.hash, options)
        return new Answer(showActivation(value), { at, revision: value.number })
      },
    }),
  ]
}

function readApplicationId(text: unknown) {
  if (!isId('app', text)) throw new Fault('directory.application_unknown')
  return text
}

export function showActivation({ comment, ...rest }: Activation): Static<typeof activation> {
  return { ...rest, by: { ...rest.by }, ...(comment !== undefined && { comment }) }
}

function showBundle({ hash, files, templates, manifest }: StoredBundle): Static<typeof bundle> {
  const roles = Object.keys(manifest.roles)
  return { hash, files: { ...files }, roles: roles.length > 0 ? roles : [...templates] }
}

export function showCheck(check: BundleCheck) {
  return {
    warnings: [...check.warnings],
    tests: check.tests.map((result) => ({ ...result, because: [...result.because] })),
  }
}
