import { type Static, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import type { PoliciesDeps } from '../deps.ts'
import { applyConfiguration, planConfiguration } from './configure.ts'
import { exportConfiguration } from './export-configuration.ts'
import { itemKinds } from './item.ts'
import { type Change, type Plan, showChange } from './plan.ts'
import { configurationLimits } from './split-files.ts'

const closed = <P extends Parameters<typeof Type.Object>[0]>(members: P) =>
  Type.Object(members, { additionalProperties: false })
const files = Type.Record(Type.String({ maxLength: 500 }), Type.String(), { description: 'Path → text' })
const prune = Type.Optional(
  Type.Boolean({ description: 'Delete what the organizations of the files have and the files have not' }),
)
const change = closed({
  action: Type.Union([Type.Literal('create'), Type.Literal('update'), Type.Literal('delete')]),
  kind: Type.Union(itemKinds.map((kind) => Type.Literal(kind))),
  organization: Type.String(),
  name: Type.String(),
  fields: Type.Array(
    closed({ field: Type.String(), before: Type.Optional(Type.Unknown()), after: Type.Optional(Type.Unknown()) }),
  ),
})
const plan = closed({
  changes: Type.Array(change),
  fingerprint: Type.String({ description: 'Of this plan: what is applied is this plan or nothing' }),
})
/** Files of the largest size, with every character escaped once. */
const bodyLimit = configurationLimits.bytes * 2 + 1024 * 1024

/** Configuration as files, over HTTP. */
export function configurationOperations(deps: PoliciesDeps): Operation[] {
  return [
    operation({
      id: 'configuration.plan',
      method: 'POST',
      url: '/api/configuration/plan',
      summary: 'What applying these files would change; changes nothing',
      access: { kind: 'action', action: 'applyConfiguration' },
      bodyLimit,
      schemas: { body: closed({ files, prune }), reply: plan },
      handle: async ({ act, body }) =>
        showPlan(await planConfiguration(deps, act, { files: body.files, prune: body.prune ?? false })),
    }),
    operation({
      id: 'configuration.apply',
      method: 'POST',
      url: '/api/configuration/apply',
      summary: 'Apply these files, as planned, all or nothing',
      access: { kind: 'action', action: 'applyConfiguration' },
      bodyLimit,
      schemas: {
        body: closed({ files, prune, fingerprint: Type.String({ minLength: 64, maxLength: 64 }) }),
        reply: plan,
      },
      handle: async ({ act, body }) => {
        const input = { files: body.files, prune: body.prune ?? false, fingerprint: body.fingerprint }
        const { value, at } = await applyConfiguration(deps, act, input)
        return new Answer(showPlan(value), { at })
      },
    }),
    operation({
      id: 'configuration.export',
      method: 'GET',
      url: '/api/configuration/export',
      summary: 'The configuration of organizations as files: of one, or of all that you may export',
      access: { kind: 'action', action: 'exportConfiguration' },
      schemas: {
        query: closed({ organization: Type.Optional(Type.String({ maxLength: 63 })) }),
        reply: closed({ files }),
      },
      handle: async ({ act, query }) => ({
        files: await exportConfiguration(
          deps,
          act,
          query.organization === undefined ? undefined : [query.organization],
        ),
      }),
    }),
  ]
}

function showPlan({ changes, fingerprint }: Plan): Static<typeof plan> {
  return { changes: changes.map((one) => showChange(one) as Change & Static<typeof change>), fingerprint }
}
