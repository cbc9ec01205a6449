// The doors of @gatehouse/sdk; middleware is at @gatehouse/sdk/fastify, /express and /hono.
export type { Surroundings } from './clock.ts'
export { type ErrorCode, GatehouseError } from './errors.ts'
export type { AskOptions, Decider, EntityRef, Evaluation, EvaluationResult, Obligation } from './evaluation.ts'
export { Gatehouse, type GatehouseOptions } from './gatehouse.ts'
export type { Bound, Bounds } from './local/bounds.ts'
export type { JournalOptions } from './local/journal.ts'
export { LocalDecisions, type LocalDecisionsOptions } from './local/local-decisions.ts'
export type { LocalMeasures } from './local/measures.ts'
export {
  type Authorized,
  type Enforced,
  enforce,
  type Refusal,
  type Requirement,
  subjectOf,
} from './middleware/enforce.ts'
export { Caller, type CallerOptions } from './remote/caller.ts'
export { type ClientAuthentication, ClientCredentials } from './remote/client-credentials.ts'
export type { Algorithm } from './tokens/algorithms.ts'
export type { AccessTokenClaims } from './tokens/claims.ts'
export { DpopProofs } from './tokens/dpop.ts'
export { KeySet, type KeySetOptions } from './tokens/key-set.ts'
export { type PresentedRequest, verifyPresented } from './tokens/presented.ts'
export { type Revocation, RevocationSet } from './tokens/revocation-set.ts'
export { StatusLists, type StatusListsOptions, statusAt } from './tokens/status-lists.ts'
export { type Authentication, requireAuthentication, requireScope } from './tokens/step-up.ts'
export { TokenVerifier, type TokenVerifierOptions } from './tokens/token-verifier.ts'
