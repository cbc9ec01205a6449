import { type ApplicationId, Fault, isId, type MachineId, Type, type UserId } from '#kernel'
import { Answer, type Operation, operation, type Web } from '#web'
import { type ContainDeps, contain, containmentParts, endContainments } from './contain.ts'

const closed = { additionalProperties: false }
const part = Type.Unsafe<(typeof containmentParts)[number]>({ type: 'string', enum: [...containmentParts] })

const everyMs = 15_000

/** Containment over HTTP, and the end of those that are for a time. @returns what stops it */
export function openContainment(deps: ContainDeps, web: Web, onError: (where: string, error: unknown) => void) {
  const timer = setInterval(() => {
    endContainments(deps).catch((error) => onError('the end of containments', error))
  }, everyMs)
  timer.unref()
  web.add(...containmentOperations(deps))
  return () => clearInterval(timer)
}

function containmentOperations(deps: ContainDeps): Operation[] {
  return [
    operation({
      id: 'principals.contain',
      method: 'POST',
      url: '/api/contain',
      summary: 'End at once everything that a leaked identity could still use; a user, machine or application',
      access: { kind: 'action', action: 'contain' },
      schemas: {
        body: Type.Object(
          {
            id: Type.String({ maxLength: 100, description: 'Id of the user, machine or application' }),
            reason: Type.String({
              minLength: 1,
              maxLength: 500,
              pattern: '^[^\\u0000]*$',
              description: 'For the record',
            }),
            parts: Type.Optional(Type.Array(part, { minItems: 1, uniqueItems: true, description: 'Default: all' })),
            forSeconds: Type.Optional(
              Type.Integer({
                minimum: 60,
                maximum: 90 * 86_400,
                description: 'Suspended for this long; else until activated',
              }),
            ),
          },
          closed,
        ),
        reply: Type.Object(
          {
            principal: Type.Object({ type: Type.String(), id: Type.String(), name: Type.String() }, closed),
            steps: Type.Array(
              Type.Object(
                { part, touched: Type.Integer(), ms: Type.Number({ description: 'Milliseconds it took' }) },
                closed,
              ),
            ),
            untilMs: Type.Optional(Type.Integer()),
          },
          closed,
        ),
      },
      handle: async ({ act, body: { id, ...options } }) => {
        if (!isId('user', id) && !isId('machine', id) && !isId('app', id)) throw new Fault('tokens.principal_unknown')
        const { value, at } = await contain(deps, act, id as UserId | MachineId | ApplicationId, options)
        return new Answer({ ...value, steps: [...value.steps] }, { at })
      },
    }),
  ]
}
