import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'keyring.root_key_missing': {
    status: 500,
    says: 'The root key file is missing although the database holds sealed data: put back the file it was started with',
  },
  'keyring.root_key_wrong': {
    status: 500,
    says: 'The database is sealed under another root key: put back the root key file it was started with',
  },
  'keyring.root_key_invalid': {
    status: 500,
    says: 'The root key file must hold one key of 32 bytes a line, in base64url, the wrapping one first',
  },
  'keyring.sealed_invalid': { status: 500, says: 'Sealed data does not open: it was changed, or moved from its place' },
  'keyring.key_unknown': { status: 404, says: 'There is no such signing key here' },
  'keyring.no_active_key': { status: 503, says: 'No signing key of this algorithm is active' },
  'keyring.token_unavailable': {
    status: 503,
    says: 'The token that keeps the signing keys does not do what it is asked',
  },
  'keyring.rotation_running': {
    status: 409,
    says: 'The next key is already published and takes over at its time: wait for it, or rotate at once',
  },
})
