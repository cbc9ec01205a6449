import { Type } from '#kernel'

const time = (description: string) => Type.Optional(Type.Integer({ description }))

/** How an identity provider does, as this node sees it. */
export const providerStateShape = Type.Object({
  id: Type.String(),
  name: Type.String(),
  displayName: Type.String(),
  organizationId: Type.String(),
  organization: Type.String({ description: 'Its name' }),
  issuer: Type.String(),
  state: Type.Union([Type.Literal('ok'), Type.Literal('failing'), Type.Literal('unused'), Type.Literal('suspended')], {
    description: 'failing: the last fetch failed, or its last answer was wrong',
  }),
  keys: Type.Optional(Type.Integer({ description: 'Usable keys it published at the last fetch' })),
  fetchedAtMs: time('Last fetch of its metadata and keys that worked'),
  usableUntilMs: time('How long these are taken if no fetch works any more'),
  failedAtMs: time('Last fetch that failed, when it is the latest'),
  failure: Type.Optional(Type.String()),
  succeeded: Type.Integer({ description: 'People who signed in or linked by it since this node started' }),
  failed: Type.Record(Type.String(), Type.Integer(), { description: 'Those who did not, by reason' }),
  lastSuccessAtMs: time('Last one who did'),
  lastFailureAtMs: time('Last one who did not'),
  lastFailure: Type.Optional(Type.String()),
  latencyP50Ms: Type.Optional(Type.Integer({ description: 'Of its token endpoint and keys, over the last 200' })),
  latencyP95Ms: Type.Optional(Type.Integer()),
})
