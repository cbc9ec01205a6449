/** Scopes that every application may ask for (OIDC Core §5.4, §11). */
export const standardScopes = ['openid', 'offline_access', 'profile', 'email', 'organization'] as const

/** Claims about a person by scope. */
export const claimsByScope: Record<string, string[]> = {
  openid: ['sub'],
  profile: ['name', 'preferred_username', 'locale', 'updated_at'],
  email: ['email', 'email_verified'],
  organization: ['organization_id'],
}
