import { requireOrganization } from '#directory'
import { type Act, Fault, isId, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import {
  activation,
  bodyLimit,
  checked,
  closed,
  comment,
  hash,
  problem,
  showActivation,
  showCheck,
} from '../bundles/bundle.routes.ts'
import { findActivation, findBundle, listActivations } from '../bundles/bundle.store.ts'
import type { PoliciesDeps } from '../deps.ts'
import { applySignInPolicy, rollBackSignInPolicy, signInOwner } from './apply-sign-in.ts'
import { checkSignInPolicy, ownFiles } from './check-sign-in.ts'

const params = closed({ organizationId: Type.String() })
const files = Type.Record(Type.String({ maxLength: 300 }), Type.String(), {
  description: 'Path → text: *.cedar, tests/*.yaml, *.md; none to take every policy away',
})

/** Everything over HTTP about the sign-in policies of an organization. */
export function signInPolicyOperations(deps: PoliciesDeps): Operation[] {
  const { db } = deps.storage
  const viewable = async (act: Act, id: unknown) => {
    const organization = await requireOrganization(db, readId(id))
    deps.gate.require(act, 'viewPolicies', { type: 'Organization', id: organization.id })
    return signInOwner(organization)
  }
  const url = '/api/organizations/:organizationId/sign-in-policy'
  return [
    operation({
      id: 'signInPolicy.apply',
      method: 'PUT',
      url,
      summary: 'Check the sign-in policies of an organization and put them in force',
      access: { kind: 'action', action: 'applyPolicies' },
      bodyLimit,
      schemas: { params, body: closed({ files, comment }), reply: closed({ ...activation.properties, ...checked }) },
      handle: async ({ act, params, body, ifRevision }) => {
        const options = { comment: body.comment, ifRevision }
        const { value, at } = await applySignInPolicy(deps, act, readId(params.organizationId), body.files, options)
        const { activation, check } = value
        return new Answer({ ...showActivation(activation), ...showCheck(check) }, { at, revision: activation.number })
      },
    }),
    operation({
      id: 'signInPolicy.show',
      method: 'GET',
      url,
      summary: 'The sign-in policies in force, with their files',
      access: { kind: 'action', action: 'viewPolicies' },
      schemas: { params, reply: closed({ ...activation.properties, files }) },
      handle: async ({ act, params }) => {
        const owner = await viewable(act, params.organizationId)
        const active = await findActivation(db, owner)
        const stored = active && (await findBundle(db, owner, active.hash))
        if (active === undefined || stored === undefined) throw new Fault('policies.none_active')
        return new Answer({ ...showActivation(active), files: ownFiles(stored.files) }, { revision: active.number })
      },
    }),
    operation({
      id: 'signInPolicy.history',
      method: 'GET',
      url: `${url}/history`,
      summary: 'Which sign-in policies were in force, the newest first',
      access: { kind: 'action', action: 'viewPolicies' },
      schemas: { params, reply: closed({ items: Type.Array(activation) }) },
      handle: async ({ act, params }) => {
        const owner = await viewable(act, params.organizationId)
        return { items: (await listActivations(db, owner, Number.MAX_SAFE_INTEGER, 200)).map(showActivation) }
      },
    }),
    operation({
      id: 'signInPolicy.version',
      method: 'GET',
      url: `${url}/versions/:hash`,
      summary: 'Sign-in policies by their hash, with their files',
      access: { kind: 'action', action: 'viewPolicies' },
      schemas: { params: closed({ organizationId: Type.String(), hash }), reply: closed({ hash, files }) },
      handle: async ({ act, params }) => {
        const stored = await findBundle(db, await viewable(act, params.organizationId), params.hash)
        if (stored === undefined) throw new Fault('policies.bundle_unknown')
        return { hash: stored.hash, files: ownFiles(stored.files) }
      },
    }),
    operation({
      id: 'signInPolicy.validate',
      method: 'POST',
      url: `${url}/validate`,
      summary: 'Check sign-in policies and run their tests; changes nothing',
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
        }),
      },
      handle: async ({ act, params, body }) => {
        await viewable(act, params.organizationId)
        const check = await checkSignInPolicy(body.files)
        return {
          valid: check.bundle !== undefined,
          ...(check.bundle !== undefined && { hash: check.bundle.hash }),
          problems: [...check.problems],
          ...showCheck(check),
        }
      },
    }),
    operation({
      id: 'signInPolicy.rollback',
      method: 'POST',
      url: `${url}/rollback`,
      summary: 'Put former sign-in policies in force again; without a hash, those before the present ones',
      access: { kind: 'action', action: 'rollBackPolicies' },
      schemas: { params, body: closed({ hash: Type.Optional(hash), comment }), reply: activation },
      handle: async ({ act, params, body, ifRevision }) => {
        const options = { comment: body.comment, ifRevision }
        const id = readId(params.organizationId)
        const { value, at } = await rollBackSignInPolicy(deps, act, id, body.hash, options)
        return new Answer(showActivation(value), { at, revision: value.number })
      },
    }),
  ]
}

function readId(text: unknown) {
  if (!isId('org', text)) throw new Fault('directory.organization_unknown')
  return text
}
