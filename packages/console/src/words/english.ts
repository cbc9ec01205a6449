/** How states and choices read in English whose spelling in the API is no word. */
export const english: Readonly<Record<string, string>> = {
  in_force: 'in force',
  rolled_back: 'rolled back',
  allow: 'allowed',
  deny_policy: 'forbidden',
  deny_default: 'not permitted',
  deny_error: 'error',
  client_secret_basic: 'client secret',
  private_key_jwt: 'private key (JWT)',
  authorization_code: 'authorization code',
  refresh_token: 'refresh token',
  client_credentials: 'client credentials',
  totp: 'authenticator app',
  native: 'native application',
  web: 'web application',
  system: 'as the system',
}
