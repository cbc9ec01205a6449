import { type Static, Type } from '#kernel'
import { closed, text, timeMs } from '../values/schema.ts'
import { type Trust, trustsMost } from './trust.ts'

const keys = closed({ keys: Type.Array(Type.Record(Type.String(), Type.Unknown()), { maxItems: 20 }) })
const members = {
  name: text(63, 'Unique in the machine'),
  issuer: text(1_000, 'The `iss` of its assertions, or spiffe:// and a trust domain'),
  audience: Type.Optional(text(500, 'What their `aud` must name; without it the address of this Gatehouse')),
  jwksUri: Type.Optional(text(1_000, 'Where its keys are, when not by discovery')),
  jwks: Type.Optional(keys),
  condition: text(4_000, 'A Cedar expression, as in context.claims.repository == "acme/app"'),
}
export const trustBody = closed({
  ...members,
  singleUse: Type.Optional(Type.Boolean({ description: 'Whether an assertion with a jti is taken once only' })),
  tokenSeconds: Type.Optional(Type.Integer({ description: 'Longest life of a token: 60 to 3600, default 900' })),
})
export const trustsBody = Type.Optional(
  Type.Array(trustBody, {
    maxItems: trustsMost,
    description: 'Outside workloads that may be this machine; replaces all',
  }),
)
export const trustView = closed({
  id: Type.String(),
  ...members,
  singleUse: Type.Boolean(),
  tokenSeconds: Type.Integer(),
  createdAtMs: timeMs,
})

export function showTrust(trust: Trust): Static<typeof trustView> {
  return structuredClone(trust) as unknown as Static<typeof trustView>
}
