/** Scopes that every application may ask for (OIDC Core §5.4, §11). */
export const standardScopes = [
  'openid',
  'offline_access',
  'profile',
  'email',
  'address',
  'phone',
  'organization',
] as const

/**
 * What a person lets an application do at Gatehouse's own API: everything that the person may. Asked for by name, never taken as
 * given: else whoever registers an application that asks nothing could have an owner's rights by a link.
 */
export const apiScope = 'gatehouse'

/** Claims about a person by scope. */
export const claimsByScope: Record<string, string[]> = {
  openid: ['sub'],
  profile: ['name', 'preferred_username', 'locale', 'updated_at'],
  email: ['email', 'email_verified'],
  // The directory keeps neither: they may be asked for, and say nothing (OpenID Connect Core §5.4).
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
  organization: ['organization_id'],
}
