import type { Migration } from '#storage'
import { applicationMigrations } from './applications/application.store.ts'
import { credentialNoteMigrations } from './credentials/credential-notes.store.ts'
import { groupMigrations } from './groups/group.store.ts'
import { machineMigrations } from './machines/machine.store.ts'
import { nameMigrations } from './names.store.ts'
import { organizationMigrations } from './organizations/organization.store.ts'
import { providerMigrations } from './providers/provider.store.ts'
import { userMigrations } from './users/user.store.ts'
import './faults.ts'

export const directoryMigrations: readonly Migration[] = [
  ...nameMigrations,
  ...organizationMigrations,
  ...userMigrations,
  ...applicationMigrations,
  ...groupMigrations,
  ...machineMigrations,
  ...credentialNoteMigrations,
  ...providerMigrations,
]

export { applicationBody } from './applications/application.schema.ts'
export {
  type ApplicationFilter,
  findApplication,
  findApplicationByName,
  findApplicationByOrigin,
  findOAuthNeeds,
  listApplications,
  type OAuthNeeds,
  requireApplication,
} from './applications/application.store.ts'
export * from './applications/application.ts'
export {
  type ApplicationWithSecret,
  addApplicationSecret,
  issueApplicationSecret,
  revokeApplicationSecret,
} from './applications/application-secrets.ts'
export {
  changeApplication,
  moveApplication,
  moveApplicationIn,
  updateApplication,
} from './applications/change-application.ts'
export { addApplication, createApplication } from './applications/create-application.ts'
export { type DocumentClient, readDocumentClient } from './applications/document-client.ts'
export {
  defaultOAuth,
  type OAuthSettings,
  oauthProfiles,
  type ResponseMode,
  responseModes,
  switches,
  tokenAlgorithms,
} from './applications/oauth-settings.ts'
export { protectedApplications } from './applications/protected-applications.ts'
export type { KeyInput } from './credentials/client-key.ts'
export { type IssueOptions, verifyClientSecret } from './credentials/client-secret.ts'
export { CredentialNotes } from './credentials/credential-notes.store.ts'
export { CredentialUses } from './credentials/credential-uses.ts'
export {
  type AuthMethod,
  authMethods,
  type ClientKey,
  type ClientSecretRecord,
  type Credentials,
  validKeys,
} from './credentials/credentials.ts'
export { type JudgedCredential, judgeCredentials, warningDays } from './credentials/judge-credentials.ts'
export { stripCredentials } from './credentials/strip-credentials.ts'
export type { ChangeDeps, DirectoryDeps } from './deps.ts'
export { directoryEntities } from './entities/source.ts'
export {
  changeGroup,
  deleteGroup,
  removeGroup,
  updateGroup,
} from './groups/change-group.ts'
export { changeMembers, changeMembersIn, type MembersChange } from './groups/change-members.ts'
export { addGroup, createGroup } from './groups/create-group.ts'
export { findGroup, findGroupByName, type GroupFilter, listGroups, requireGroup } from './groups/group.store.ts'
export * from './groups/group.ts'
export { groupsOfMembers, listMembers, type MemberFilter } from './groups/member.store.ts'
export { idsWithin } from './ids-within.ts'
export { allowedFrom } from './lifecycle.ts'
export { keepAdministrators, someAdministratorRemains } from './lockout/keep-administrators.ts'
export { changeMachine, moveMachine, moveMachineIn, updateMachine } from './machines/change-machine.ts'
export { addMachine, createMachine } from './machines/create-machine.ts'
export {
  federatedMachines,
  findMachine,
  findMachineByName,
  listMachines,
  type MachineFilter,
  machinesTrusting,
  requireMachine,
} from './machines/machine.store.ts'
export * from './machines/machine.ts'
export {
  addMachineKey,
  type MachineWithKey,
  type NewMachineKey,
  registerMachineKey,
  revokeMachineKey,
} from './machines/machine-keys.ts'
export {
  addMachineSecret,
  issueMachineSecret,
  type MachineWithSecret,
  revokeMachineSecret,
} from './machines/machine-secrets.ts'
export { tendMachineKeys } from './machines/tend-machine-keys.ts'
export { directoryOperations } from './operations.ts'
export {
  type Branding,
  type BrandTexts,
  grounds,
  type Palette,
  palettesOf,
  parseBranding,
} from './organizations/branding.ts'
export {
  changeOrganization,
  moveOrganization,
  moveOrganizationIn,
  updateOrganization,
} from './organizations/change-organization.ts'
export { contrastOf } from './organizations/colours.ts'
export { addOrganization, createOrganization, ensureHomeOrganization } from './organizations/create-organization.ts'
export {
  findOrganization,
  findOrganizationByName,
  findOrganizationOfDomain,
  findOrganizationsTakingDocuments,
  listOrganizations,
  requireActiveOrganization,
  requireOrganization,
} from './organizations/organization.store.ts'
export * from './organizations/organization.ts'
export { readPng } from './organizations/png.ts'
export { brandingSchema, organizationSettings } from './organizations/settings.schema.ts'
export {
  addProvider,
  changeProvider,
  createProvider,
  moveProviderIn,
  removeProvider,
  updateProvider,
  withDefaults as providerDefaults,
} from './providers/change-provider.ts'
export {
  findProvider,
  findProviderByName,
  listActiveProviders,
  listProviders,
  requireProvider,
} from './providers/provider.store.ts'
export * from './providers/provider.ts'
export { policyOf, type Trust, type TrustInput } from './trusts/trust.ts'
export { addUser, addUsers, inviteUser } from './users/invite-user.ts'
export {
  activateUser,
  activateUsersIn,
  deactivateUser,
  deleteUser,
  moveUser,
  moveUserIn,
  reinviteUser,
  suspendUser,
} from './users/move-user.ts'
export { changeUser, updateUser } from './users/update-user.ts'
export {
  findUser,
  findUserByLogin,
  findUsers,
  listUsers,
  requireUser,
  type UserFilter,
} from './users/user.store.ts'
export * from './users/user.ts'
export { domainOfEmail } from './values/email.ts'
export { Problems } from './values/problems.ts'
export { visibleOrganizations } from './visible.ts'
