import { deployment, type Gate } from '#authorization'
import { Type } from '#kernel'
import { type Operation, operation } from '#web'
import { type Check, examine } from './doctor.ts'

const status = Type.Union([Type.Literal('ok'), Type.Literal('warning'), Type.Literal('failed')])
const reply = Type.Object({
  status,
  findings: Type.Array(
    Type.Object({ check: Type.String(), status, says: Type.String(), advice: Type.Optional(Type.String()) }),
  ),
})

export function doctorOperations(deps: { readonly gate: Gate; readonly checks: readonly Check[] }): Operation[] {
  return [
    operation({
      id: 'doctor.examine',
      method: 'GET',
      url: '/api/doctor',
      summary: 'Examine the installation: what is wrong and what to do',
      access: { kind: 'action', action: 'examine' },
      schemas: { reply },
      handle: async ({ act }) => {
        deps.gate.require(act, 'examine', deployment)
        const { status, findings } = await examine(deps.checks)
        return { status, findings: [...findings] }
      },
    }),
  ]
}
