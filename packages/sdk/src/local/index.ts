// `@gatehouse/sdk/replica`: what is held and how it is decided from, for enforcement points that ask in Cedar's own terms.
export { type Decided, decide, obligationsOf, rulesOf, stateOf } from './decide.ts'
export { type GatewayInfo, Replica } from './replica.ts'
