// `@gatehouse/sdk/pdp`: the sidecar, for programs that answer more than AuthZEN at its address.
export { runSidecar, type SidecarParts } from './run.ts'
export type { SidecarAddition } from './server.ts'
export type { PdpSettings } from './settings.ts'
