import type { Migration } from '#storage'
import { applicationMigrations } from './applications/application.store.ts'
import { nameMigrations } from './names.store.ts'
import { organizationMigrations } from './organizations/organization.store.ts'
import { userMigrations } from './users/user.store.ts'
import './faults.ts'

export const directoryMigrations: readonly Migration[] = [
  ...nameMigrations,
  ...organizationMigrations,
  ...userMigrations,
  ...applicationMigrations,
]

export {
  type ApplicationFilter,
  findApplication,
  findApplicationByName,
  findApplicationByOrigin,
  listApplications,
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
export type { KeyInput } from './credentials/client-key.ts'
export { type IssueOptions, verifyClientSecret } from './credentials/client-secret.ts'
export {
  type AuthMethod,
  authMethods,
  type ClientKey,
  type ClientSecretRecord,
  type Credentials,
  validKeys,
} from './credentials/credentials.ts'
export type { ChangeDeps, DirectoryDeps } from './deps.ts'
export { allowedFrom } from './lifecycle.ts'
export { changeOrganization, moveOrganization, updateOrganization } from './organizations/change-organization.ts'
export { addOrganization, createOrganization, ensureHomeOrganization } from './organizations/create-organization.ts'
export {
  findOrganization,
  findOrganizationByName,
  findOrganizationOfDomain,
  listOrganizations,
  requireActiveOrganization,
  requireOrganization,
} from './organizations/organization.store.ts'
export * from './organizations/organization.ts'
export { addUser, inviteUser } from './users/invite-user.ts'
export {
  activateUser,
  deactivateUser,
  deleteUser,
  type MoveOptions,
  moveUser,
  moveUserIn,
  reinviteUser,
  suspendUser,
} from './users/move-user.ts'
export { changeUser, updateUser } from './users/update-user.ts'
export {
  findUser,
  findUserByLogin,
  listUsers,
  requireUser,
  type UserFilter,
} from './users/user.store.ts'
export * from './users/user.ts'
export { domainOfEmail } from './values/email.ts'
