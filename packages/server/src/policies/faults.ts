import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'policies.bundle_invalid': { status: 422, says: 'The bundle is refused, the old one stays; see problems' },
  'policies.bundle_unknown': { status: 404, says: 'This application has no such bundle' },
  'policies.none_active': { status: 404, says: 'This application has no policies yet: apply a bundle' },
  'policies.activated_meanwhile': {
    status: 409,
    says: 'Another bundle was activated meanwhile: look at it, then apply again',
  },
  'policies.grants_dangle': {
    status: 409,
    says: 'Grants in force name roles that this bundle lacks: revoke them or keep the roles; see grants',
  },
  'policies.locks_out': {
    status: 409,
    says: 'Under these sign-in policies no administrator of the organization could ever sign in; the old ones stay',
  },
  'policies.configuration_invalid': {
    status: 422,
    says: 'The configuration is refused, nothing was changed; see problems',
  },
  'policies.configuration_refused': {
    status: 409,
    says: 'The configuration cannot be applied, nothing was changed; see problems',
  },
  'policies.reference_unknown': { status: 422, says: 'The files name something that does not exist' },
  'policies.provider_fixed': {
    status: 409,
    says: 'Issuer and client id of an identity provider are fixed: delete it, with the links to it, and set up another',
  },
  'policies.plan_outdated': { status: 409, says: 'Something changed since the plan was made: plan again, then apply' },
})
