// The sidecar as a process, with what the SDK alone has: AuthZEN. `gatehouse pdp` answers gateways too.
import { runSidecar } from './run.ts'

await runSidecar(process.env)
