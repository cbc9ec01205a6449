export { endEveryApiKey } from './api-keys/revoke-api-key.ts'
export { endEveryToken } from './artifacts/artifact.store.ts'
export { openContainment } from './containment/containment.routes.ts'
export { protocolRoutes } from './oidc/mount.ts'
export { paths as tokenPaths } from './oidc/paths.ts'
export { resourceOf } from './oidc/resources.ts'
export { sharedSecret } from './oidc/shared-secret.ts'
export type {
  ClientSource,
  ConsentPage,
  Person,
  PersonSource,
  RegisteredClient,
  RenderedPage,
  SessionSource,
  SignInSession,
  TokenPages,
} from './ports.ts'
export { registrationOperations } from './registration/registration.routes.ts'
export { directoryClients, directoryPeople, trustingMachines } from './sources.ts'
export { openTokens, type Tokens, type TokensDeps, tokensMigrations } from './tokens.ts'
export type { AccessTokenClaims } from './verify/verify-access-token.ts'
