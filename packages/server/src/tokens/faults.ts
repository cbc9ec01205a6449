import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'tokens.access_token_invalid': {
    status: 401,
    says: 'The access token is not valid here: it is expired, revoked, for another audience, or not one of ours',
  },
  'tokens.scope_missing': {
    status: 403,
    says: 'The person did not let this application use Gatehouse in their name: ask for the scope gatehouse',
  },
  'tokens.registration_token_invalid': {
    status: 401,
    says: 'The token for registering an application is unknown, ended or used up',
  },
  'tokens.client_metadata_invalid': {
    status: 400,
    says: 'The description of the application has something in it that cannot be',
  },
  'tokens.api_key_unknown': { status: 404, says: 'There is no such API key, or you may not see it' },
  'tokens.api_key_refused': { status: 400, says: 'An API key like this cannot be made; see errors' },
  'tokens.api_key_not_yours': {
    status: 403,
    says: 'A person makes API keys of their own and nobody else does; no API key makes another: sign in for it',
  },
  'tokens.api_keys_too_many': { status: 409, says: 'It has as many API keys as can be: revoke one first' },
  'tokens.revocable_unknown': {
    status: 404,
    says: 'There is no such token, session or grant in force; what has ended needs no revocation',
  },
  'tokens.status_list_unknown': {
    status: 404,
    says: 'There is no such status list, or all tokens in it have long ended',
  },
  'tokens.principal_unknown': { status: 404, says: 'There is no such user, machine or application' },
  'tokens.sign_in_policy': {
    status: 403,
    says: 'The sign-in policies of your organization do not let you open this application here and now: sign in again with more, or from elsewhere',
  },
  'tokens.request_ended': {
    status: 400,
    says: 'This sign-in was left open too long, or began in another browser: go back to the application and begin again',
  },
})
