import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'authorization.denied': {
    status: 403,
    says: 'You may not do this. The reason id says why; ask an administrator for a role',
  },
  'authorization.above_you': {
    status: 403,
    says: 'It holds a role of Gatehouse that you could not grant: ask somebody who can',
  },
  'authorization.role_unknown': { status: 422, says: 'There is no such role: GET /api/roles lists them' },
  'authorization.principal_unknown': { status: 422, says: 'There is no such principal' },
  'authorization.scope_unknown': { status: 422, says: 'There is no such resource to grant a role on' },
  'authorization.step_up_needed': {
    status: 401,
    says: 'It takes a stronger sign-in: get a token with one of acr_values (RFC 9470), then try again',
  },
  'authorization.application_unknown': { status: 404, says: 'There is no such application, or you may not see it' },
  'authorization.grant_unknown': { status: 404, says: 'There is no such grant, or you may not see it' },
  'authorization.grant_too_wide': {
    status: 403,
    says: 'You can only grant roles that your own role may hand on, within your own scope, and no longer than you hold it',
  },
  'authorization.grant_times': { status: 422, says: 'A grant ends after it starts, and in the future' },
  'authorization.grant_end_required': { status: 422, says: 'A grant of this role must have an end: give untilMs' },
  'authorization.grant_too_long': {
    status: 422,
    says: 'A grant of this role may not last so long: give an earlier untilMs',
  },
  'authorization.request_invalid': { status: 400, says: 'The request is not one that can be decided; see errors' },
  'authorization.no_bundle': { status: 409, says: 'The application has no policies yet: apply a bundle first' },
  'authorization.entity_unknown': { status: 404, says: 'The application has no such resource' },
  'authorization.entity_invalid': {
    status: 422,
    says: 'A resource does not fit the schema of the application’s bundle; nothing was changed',
  },
  'authorization.entity_cycle': { status: 422, says: 'A resource would lie in itself; nothing was changed' },
  'authorization.quota': {
    status: 422,
    says: 'The application keeps as many resources as it may; nothing was changed',
  },
  'authorization.plan_unsupported': {
    status: 422,
    says: 'SQL cannot say what is left of the policies by this mapping: map what detail names, or search instead',
  },
  'authorization.journal_unavailable': {
    status: 503,
    says: 'The decision could not be put on record, so it was not made. Free disk space, then try again',
  },
  'authorization.streams_full': {
    status: 503,
    says: 'This node serves as many streams as it can; try again',
  },
  'authorization.stream_gap': {
    status: 409,
    says: 'The batch does not follow the last one of its stream; see sequence and previous',
  },
  'authorization.batch_invalid': { status: 422, says: 'The batch holds what is no decision; nothing of it was kept' },
  'authorization.last_owner': {
    status: 409,
    says: 'This is the last lasting grant of the owner role: give it to somebody else first',
  },
})
