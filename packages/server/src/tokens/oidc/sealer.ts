import { definePurposes } from '#keyring'

export const secretPurpose = 'tokens.secret'
definePurposes({ [secretPurpose]: 'What a client waits with (a device code, a request by CIBA), until it is answered' })

/** What tokens need of the keyring to keep something that must be said again. */
export interface Sealer {
  seal(purpose: string, plain: Uint8Array, context?: string): Uint8Array
  unseal(purpose: string, sealed: Uint8Array, context?: string): Promise<Uint8Array>
}

export const sealText = (sealer: Sealer, text: string, context: string): string =>
  Buffer.from(sealer.seal(secretPurpose, Buffer.from(text), context)).toString('base64url')

export const unsealText = async (sealer: Sealer, sealed: string, context: string): Promise<string> =>
  Buffer.from(await sealer.unseal(secretPurpose, Buffer.from(sealed, 'base64url'), context)).toString('utf8')
