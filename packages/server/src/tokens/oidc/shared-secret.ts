import { hash } from 'node:crypto'
import type { Keyring } from '#keyring'

/**
 * 32 bytes that every node of the deployment has and nobody else: a signature by a lasting key of the keyring, which for Ed25519 is
 * always the same (RFC 8032 §5.1.6).
 */
export async function sharedSecret(keyring: Pick<Keyring, 'namedKey'>, name: string): Promise<Buffer> {
  const key = await keyring.namedKey(name)
  return hash('sha256', key.sign(Buffer.from(`secret of ${name}`)), 'buffer')
}
