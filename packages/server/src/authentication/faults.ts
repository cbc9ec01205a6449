import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'authentication.mail_impossible': {
    status: 409,
    says: 'No letter can be sent: the user has no e-mail address, or the server has no mail server (GATEHOUSE_SMTP)',
  },
  'authentication.profile_fixed': {
    status: 403,
    says: 'Your organization keeps this itself: ask an administrator of it',
  },
  'authentication.registration_closed': { status: 404, says: 'This organization takes nobody by themselves' },
  'authentication.registration_full': {
    status: 429,
    says: 'Too many accounts wait for an administrator here. Try again later',
  },
  'authentication.registration_unknown': {
    status: 404,
    says: 'There is no such registration: it may be decided already',
  },
  'authentication.organization_unknown': { status: 404, says: 'There is no such organization' },
  // INVARIANT: every failure to sign in answers with this one, whatever its cause.
  'authentication.rejected': { status: 401, says: 'That did not work. Check what you entered and try again' },
  'authentication.denied': {
    status: 403,
    says: 'That was right, but the rules of your organization do not let you in here and now',
  },
  'authentication.throttled': { status: 429, says: 'Too many attempts. Wait a little, then try again' },
  'authentication.busy': { status: 503, says: 'Many people are signing in at this moment. Try again in a few seconds' },
  'authentication.session_invalid': { status: 401, says: 'The session has ended. Sign in again' },
  'authentication.second_factor_needed': {
    status: 401,
    says: 'An administrator needs a second factor: sign in again to set one up',
  },
  'authentication.proof_needed': {
    status: 401,
    says: 'Here and now your organization asks for more than this session has shown: sign in again',
  },
  'authentication.session_unknown': { status: 404, says: 'There is no such session: it may have ended already' },
  'authentication.link_invalid': { status: 410, says: 'This link has been used or has expired. Ask for a new one' },
  'authentication.bootstrap_invalid': {
    status: 401,
    says: 'The bootstrap credential is not valid: it must be the one this server wrote, used once, from this machine',
  },
  'authentication.password_weak': { status: 422, says: 'This password is too easy to guess' },
  'authentication.hash_unknown': {
    status: 422,
    says: 'This is not a hash that can be taken over: bcrypt, PBKDF2 (passlib, Django) or scrypt (passlib), of bounded cost',
  },
  'authentication.form_forged': { status: 403, says: 'This form did not come from our page. Open the page again' },
  'authentication.form_stale': { status: 409, says: 'This page had waited too long. Start again' },
  'authentication.code_rejected': {
    status: 422,
    says: 'That code is not right, or was used already. Wait for the next one',
  },
  'authentication.passkey_rejected': {
    status: 422,
    says: 'That passkey did not work here. Try again, or use another way',
  },
  'authentication.authenticator_refused': {
    status: 422,
    says: 'Your organization takes passkeys of certain authenticators only, and this is none of them, or did not prove it',
  },
  'authentication.passkeys_many': {
    status: 409,
    says: 'You have as many passkeys as one person can have: remove one that you do not use any more',
  },
  'authentication.factor_unknown': { status: 404, says: 'There is no such factor' },
  'authentication.last_factor': {
    status: 409,
    says: 'You would have no way left to sign in. Add another one before you remove this',
  },
  'authentication.not_a_user': { status: 403, says: 'Only people have this: the sender is not one' },
  'authentication.already_enrolled': {
    status: 409,
    says: 'The user can sign in already. To replace how, reset their factors',
  },
  'authentication.identity_unknown': { status: 404, says: 'There is no such linked identity' },
  'authentication.identity_taken': {
    status: 409,
    says: 'This identity is linked to another account already: unlink it there first',
  },
  'authentication.user_barred': { status: 409, says: 'The user, or their organization, is not active' },
})
