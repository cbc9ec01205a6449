import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'directory.invalid': { status: 400, says: 'A value is not one that this operation takes; see errors' },
  'directory.organization_unknown': { status: 404, says: 'There is no such organization' },
  'directory.user_unknown': { status: 404, says: 'There is no such user' },
  'directory.group_unknown': { status: 404, says: 'There is no such group' },
  'directory.machine_unknown': { status: 404, says: 'There is no such machine' },
  'directory.application_unknown': { status: 404, says: 'There is no such application' },
  'directory.provider_unknown': { status: 404, says: 'There is no such identity provider' },
  'directory.issuer_taken': {
    status: 409,
    says: 'The organization has an identity provider with this issuer: change that one, or delete it first',
  },
  'directory.member_unknown': { status: 404, says: 'There is no such member in the organization of the group' },
  'directory.secret_unknown': { status: 404, says: 'There is no such client secret' },
  'directory.key_unknown': { status: 404, says: 'There is no such key' },
  'directory.has_secrets': {
    status: 409,
    says: 'It proves itself by client secrets, which a key would end: say replaceSecrets to go over to keys',
  },
  'directory.name_taken': { status: 409, says: 'The name is taken: choose another' },
  'directory.transition_refused': { status: 409, says: 'Its present state does not allow this; see state and allowed' },
  'directory.organization_closed': { status: 409, says: 'The organization is not active: activate it first' },
  'directory.organization_not_empty': {
    status: 409,
    says: 'The organization still has users, machines or applications: delete them first',
  },
  'directory.organization_is_home': { status: 409, says: 'The home organization can be neither suspended nor deleted' },
  'directory.owner_unfit': { status: 409, says: 'The owner of a machine is an active user of its organization' },
  'directory.group_cycle': { status: 409, says: 'A group cannot be, directly or through others, a member of itself' },
  'directory.group_too_deep': { status: 409, says: 'Groups nest at most 16 deep' },
  'directory.too_many': { status: 409, says: 'There are already as many of these as can be' },
  'directory.no_client_secret': {
    status: 409,
    says: 'It does not authenticate by a client secret: change its authentication method first',
  },
})
