export {
  type Authorization,
  type AuthorizationOptions,
  authorizationMigrations,
  openAuthorization,
} from './authorization.ts'
export type { ActiveBundle, BundleManifest, BundleRole, BundleSource } from './engine/bundle-source.ts'
export type { Decision, DecisionRequest, Outcome, PolicyError } from './engine/decision.ts'
export type { Snapshot } from './engine/snapshot.ts'
export type { EntityJson, EntitySource, EntityUid, OwnedEntity } from './entities/source.ts'
export type {
  ApplicationDirectory,
  GatewaySession,
  ProtectedApplication,
  ProtectedRoute,
  SessionFinder,
  TokenVerifier,
} from './forward-auth/ports.ts'
export { deployment, type Gate } from './gate/gate.ts'
export { principalOf } from './gate/principal.ts'
export { addGrant, createGrant, type GrantInput } from './grants/create-grant.ts'
export { findGrant, type GrantFilter, listGrants, listLastingOwners, lockLastingOwners } from './grants/grant.store.ts'
export { type Grant, isInForce } from './grants/grant.ts'
export { heldGrants, heldOrComingGrants } from './grants/held.ts'
export { removeGrant, revokeGrant } from './grants/revoke-grant.ts'
export { refuseRevokingWider, refuseWiderThanOwn } from './grants/width.ts'
export { readObligations } from './obligations/obligation.ts'
export type { RevocationSource, ToldRevocation } from './replica/ports.ts'
export { changeResourcesIn } from './resources/change-resources.ts'
export { listResources } from './resources/resource.store.ts'
export {
  type Circumstances,
  decideSignIn,
  factorsRequired,
  type RequiredFactor,
  type SignInAnswer,
  type SignInQuestion,
  type SignIns,
} from './sign-in/sign-ins.ts'
