// `@gatehouse/sdk/pdp`: the sidecar, for programs that answer more than AuthZEN at its address.
export { runSidecar, type SidecarAddition, type SidecarParts } from './run.ts'
export type { PdpSettings } from './settings.ts'
