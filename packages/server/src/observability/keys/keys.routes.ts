import { deployment, type Gate } from '#authorization'
import { Fault, type Static, Type } from '#kernel'
import type { Keyring, SigningKeyInfo } from '#keyring'
import { Answer, type Operation, operation } from '#web'

export interface KeysDeps {
  readonly keyring: Keyring
  readonly gate: Gate
}

const algorithm = Type.Union([Type.Literal('ES256'), Type.Literal('EdDSA'), Type.Literal('RS256')])
const keyShape = Type.Object({
  kid: Type.String({ description: 'JWK thumbprint (RFC 7638)' }),
  algorithm,
  state: Type.Union([
    Type.Literal('published'),
    Type.Literal('active'),
    Type.Literal('retiring'),
    Type.Literal('retired'),
  ]),
  createdAtMs: Type.Integer(),
  activatesAtMs: Type.Integer({ description: 'When it signs, or began to' }),
  retiresAtMs: Type.Optional(Type.Integer({ description: 'When what it signed is no longer accepted' })),
})
const rotateShape = Type.Object(
  {
    what: Type.Optional(
      Type.Union([Type.Literal('signing'), Type.Literal('data'), Type.Literal('root')], {
        description:
          'signing (default): the next signing key; data: new data keys; root: a new root key in the key file',
      }),
    ),
    algorithm: Type.Optional(algorithm),
    atOnce: Type.Optional(
      Type.Boolean({ description: 'The new signing key signs now, without being announced first' }),
    ),
    forget: Type.Optional(
      Type.Boolean({ description: 'With atOnce, for a stolen key: what the replaced key signed dies now' }),
    ),
  },
  { additionalProperties: false },
)
const rotated = Type.Object({
  what: Type.String(),
  key: Type.Optional(keyShape),
  rootKey: Type.Optional(Type.Object({ from: Type.String(), to: Type.String() })),
})

/** Looking at keys and rotating them. */
export function keysOperations({ keyring, gate }: KeysDeps): Operation[] {
  return [
    operation({
      id: 'keys.list',
      method: 'GET',
      url: '/api/keys',
      summary: 'Signing keys with their states; nothing secret',
      access: { kind: 'action', action: 'viewKeys' },
      schemas: { reply: Type.Object({ items: Type.Array(keyShape) }) },
      handle: async ({ act }) => {
        gate.require(act, 'viewKeys', deployment)
        return { items: keyring.listKeys().map(toKey) }
      },
    }),
    operation({
      id: 'keys.rotate',
      method: 'POST',
      url: '/api/keys/rotate',
      summary: 'Make the next signing key, new data keys, or a new root key',
      access: { kind: 'action', action: 'rotateKeys' },
      schemas: { body: rotateShape, reply: rotated },
      handle: async ({ act, body }) => {
        gate.require(act, 'rotateKeys', deployment)
        const { what = 'signing', forget = false, atOnce = false } = body
        if (forget && !atOnce) throw new Fault('web.invalid', { detail: '/body/forget needs atOnce' })
        if (what === 'root') return { what, rootKey: await keyring.rotateRootKey(act) }
        if (what === 'data') {
          await keyring.rotateDataKeys(act)
          return { what }
        }
        const key = toKey(await keyring.rotate(act, { algorithm: body.algorithm ?? 'ES256', atOnce, forget }))
        return new Answer({ what, key }, { status: 201 })
      },
    }),
  ]
}

function toKey({ revision: _, ...info }: SigningKeyInfo): Static<typeof keyShape> {
  return info
}
