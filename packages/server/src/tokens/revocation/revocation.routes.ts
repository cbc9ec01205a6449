import { Secret, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import { type RevocableKind, type RevokeDeps, revocableKinds, revokeTokens } from './revoke-tokens.ts'

const closed = { additionalProperties: false }
const text = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000]*$', description })

/** Revocation over HTTP: one way for everything that tokens hang on. */
export function revocationOperations(deps: RevokeDeps): Operation[] {
  return [
    operation({
      id: 'tokens.revoke',
      method: 'POST',
      url: '/api/revocations',
      summary:
        'End the tokens of a token, session, grant, application, machine, user or organization, and what renews them',
      access: { kind: 'action', action: 'revokeTokens' },
      schemas: {
        body: Type.Object(
          {
            kind: Type.Unsafe<RevocableKind>({ type: 'string', enum: [...revocableKinds] }),
            id: text(8_192, 'Its id; of a token its text, or how its event names it'),
            reason: text(500, 'For the record'),
          },
          closed,
        ),
        reply: Type.Object(
          { ended: Type.Integer({ description: 'How many refresh tokens, codes and API keys were ended' }) },
          closed,
        ),
      },
      handle: async ({ act, body: { kind, id, reason } }) => {
        const { ended, at } = await revokeTokens(deps, act, { kind, id: new Secret(id), reason })
        return new Answer({ ended }, at === undefined ? {} : { at })
      },
    }),
  ]
}
