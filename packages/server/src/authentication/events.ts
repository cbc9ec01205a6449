import { defineEvents } from '#feed'

/** How somebody proved who they are. */
export type Method = 'password' | 'passkey' | 'totp' | 'recovery_code' | 'email' | 'link' | 'federated'

declare module '#feed' {
  interface EventCatalogue {
    /** `newDevice`: by a browser that this person had not signed in with; `provider`: the name of the one that vouches for it. */
    'authentication.signed_in': {
      methods: readonly string[]
      acr: string
      session: string
      newDevice?: boolean
      provider?: string
    }
    'authentication.break_glass_used': Record<string, never>
    /** About the user where there is one; a login name that nobody has is not kept, as people type passwords there. */
    'authentication.rejected': { method: Method; reason: string }
    /** By sign-in policies, after the person had proved who they are. */
    'authentication.denied': { action: string; reasons: readonly string[] }
    'authentication.mail_code_asked': { sent: boolean }
    'authentication.device_trusted': { untilMs: number }
    'authentication.devices_distrusted': { count: number; reason: string }
    'authentication.stuffing_suspected': { network: string; accounts: number }
    'authentication.spraying_suspected': { accounts: number }
    'authentication.throttled': { method: Method }
    'authentication.session_ended': { session: string; user: string; reason: string }
    'authentication.sessions_ended': { reason: string; count: number; except?: string }
    'authentication.session_rotated': { session: string; methods: readonly string[]; acr: string }
    'authentication.password_set': { by: 'self' | 'link' }
    'authentication.password_imported': { scheme: string }
    'authentication.password_upgraded': Record<string, never>
    'authentication.totp_removed': Record<string, never>
    'authentication.totp_enrolled': Record<string, never>
    'authentication.passkey_added': { name: string; backedUp: boolean }
    'authentication.passkey_removed': { name: string }
    'authentication.recovery_codes_made': { count: number }
    'authentication.recovery_code_used': { left: number }
    'authentication.factors_reset': {
      passwords: number
      totp: number
      passkeys: number
      recoveryCodes: number
      identities: number
    }
    /** `subject`, `email`: as the provider knows the person. */
    'authentication.identity_linked': { provider: string; by: string; subject: string; email?: string }
    'authentication.identity_unlinked': { provider: string; by: string }
    /** `outcome` as in the metrics; about the provider, for nobody is known. */
    'authentication.federation_failed': { provider: string; outcome: string; detail: string }
    'authentication.provider_secret_set': Record<string, never>
    'authentication.provider_sessions_ended': { provider: string; reason: string; count: number }
    'authentication.link_made': { purpose: string; expiresAtMs: number }
    'authentication.recovery_asked': { sent: boolean }
    'authentication.link_used': { purpose: string }
    'authentication.letter_sent': { about: string; attempts: number }
    'authentication.letter_undeliverable': { about: string; attempts: number }
    'authentication.address_asked': Record<string, never>
    'authentication.address_confirmed': Record<string, never>
    'authentication.account_closed': Record<string, never>
    'authentication.data_exported': Record<string, never>
    'authentication.registration_asked': { sent: boolean }
    'authentication.registration_waiting': { registration: string }
    'authentication.registered': Record<string, never>
    'authentication.registration_approved': { registration: string }
    'authentication.registration_refused': { registration: string }
    'authentication.bootstrap_used': { jti: string; method: string; route: string }
  }
}

defineEvents({
  'authentication.signed_in': 'Somebody signed in and a session began',
  'authentication.rejected': 'An attempt to sign in failed',
  'authentication.denied': 'Sign-in policies refused somebody who had proved who they are',
  'authentication.mail_code_asked': 'Somebody asked for a code by mail to sign in with',
  'authentication.device_trusted': 'A browser may skip the second factor for some days, as its person wished',
  'authentication.devices_distrusted': 'Browsers that skipped the second factor are asked for it again',
  'authentication.stuffing_suspected': 'Sign-ins with many accounts failed from one network',
  'authentication.spraying_suspected': 'Sign-ins with many accounts of one organization failed',
  'authentication.throttled': 'Attempts to sign in came too fast and were put off',
  'authentication.session_ended': 'A session ended',
  'authentication.sessions_ended': 'All sessions of a user ended',
  'authentication.session_rotated': 'A session got a new token because what it may do changed',
  'authentication.password_set': 'A user set a password',
  'authentication.password_imported': 'A password hash of another system was taken over for a user',
  'authentication.password_upgraded': 'A password was hashed again with stronger parameters at sign-in',
  'authentication.totp_removed': 'A user removed their authenticator app',
  'authentication.totp_enrolled': 'A user set up an authenticator app',
  'authentication.passkey_added': 'A user added a passkey',
  'authentication.passkey_removed': 'A user removed a passkey',
  'authentication.recovery_codes_made': 'A user got new recovery codes; former ones are void',
  'authentication.recovery_code_used': 'A recovery code stood in for a second factor',
  'authentication.factors_reset': 'An administrator took away every way in which a user signs in',
  'authentication.identity_linked': 'A user may sign in by an identity at a provider from now on',
  'authentication.identity_unlinked': 'An identity at a provider no longer signs its user in',
  'authentication.federation_failed': 'A sign-in by an identity provider failed before it was known who it was',
  'authentication.provider_secret_set': 'The secret by which Gatehouse is known at an identity provider was set',
  'authentication.provider_sessions_ended': 'Sessions that came by an identity provider ended',
  'authentication.link_made': 'A one-time link was made',
  'authentication.recovery_asked': 'Somebody asked for a letter to replace a forgotten password',
  'authentication.link_used': 'A one-time link was used',
  'authentication.letter_sent': 'A letter to a user was handed to the mail server',
  'authentication.letter_undeliverable': 'A letter to a user could not be delivered and was given up',
  'authentication.address_asked': 'A user asked to change their e-mail address; a letter went to the new one',
  'authentication.address_confirmed': 'A user confirmed a new e-mail address, which is theirs now',
  'authentication.account_closed': 'A user closed their own account',
  'authentication.data_exported': 'A user exported all that is kept about them',
  'authentication.registration_asked': 'Somebody asked for a letter to make an account in an organization',
  'authentication.registration_waiting':
    'Somebody with a confirmed address waits for an administrator to open an account',
  'authentication.registered': 'Somebody with a confirmed address made an account themselves',
  'authentication.registration_approved': 'An administrator opened an account that somebody had asked for',
  'authentication.registration_refused': 'An administrator refused an account that somebody had asked for',
  'authentication.bootstrap_used': 'The local bootstrap credential was used',
  'authentication.break_glass_used': 'Somebody signed in to an account that is kept for emergencies',
})
