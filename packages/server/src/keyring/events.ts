import { defineEvents } from '#feed'
import type { SigningAlgorithm, SigningKeyState } from './signing-key.store.ts'

declare module '#feed' {
  interface EventCatalogue {
    'keyring.signing_key_changed': { kid: string; algorithm: SigningAlgorithm; state: SigningKeyState }
    'keyring.data_key_made': { purpose: string; version: number }
    'keyring.root_key_rotated': { from: string; to: string; dataKeys: number }
  }
}

defineEvents({
  'keyring.signing_key_changed': 'A signing key was published, became active, is retiring or was retired',
  'keyring.data_key_made': 'A purpose got a new data key, which seals from now on',
  'keyring.root_key_rotated': 'The data keys were wrapped again under another root key',
})
