export { type Credential, readCredential } from './credential.ts'
export { makeCursor, pageDefault, pageMost, readCursor } from './cursor.ts'
export { type HealthDeps, healthOperations } from './health.routes.ts'
export { actOf, type Identify, type Identity, refuseCrossSite } from './identity.ts'
export { IssuerKeys, type IssuerState, type KeySource } from './issuer-keys.ts'
export { addressKey, RateLimit } from './limits.ts'
export { makeLogger } from './logger.ts'
export { listenForCertificates } from './mtls-listener.ts'
export { openapiOperation } from './openapi.ts'
export {
  type Access,
  Answer,
  type AnswerOptions,
  type Operation,
  type OperationRequest,
  operation,
} from './operation.ts'
export { Outgoing, type OutgoingReply, type OutgoingRequest } from './outgoing.ts'
export { type HostReport, OutgoingTimes } from './outgoing-times.ts'
export { problemOf, sendProblem, toWebFault } from './problem.ts'
export { spanOf, traced } from './trace.ts'
export { createWeb, type Web, type WebDeps } from './web.ts'
