import type { SigningAlgorithm } from '#keyring'
import type { Signer } from './signing.ts'

/** A compact JWS of ours (RFC 7515 §7.1) over these claims. @throws {Fault} `keyring.no_active_key` */
export function signJwt(
  signer: Signer,
  options: { readonly typ?: string; readonly alg?: SigningAlgorithm },
  claims: Readonly<Record<string, unknown>>,
): string {
  const alg = options.alg ?? 'ES256'
  const { kid } = signer.activeKey(alg)
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${encode({ typ: options.typ, alg, kid })}.${encode(claims)}`
  return `${signed}.${Buffer.from(signer.sign(kid, Buffer.from(signed))).toString('base64url')}`
}
