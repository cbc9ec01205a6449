import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

// Servers share the last core, one at work at a time; the load is made on the others.
const cores = availableParallelism()
const pin = (pid: number, list: string) =>
  process.platform === 'linux' && spawnSync('taskset', ['-a', '-p', '-c', list, String(pid)]).status === 0

/** Keeps a server and all its threads to one core; false where the system cannot (no `taskset`, a single core). */
export function pinServer(pid: number): boolean {
  return cores > 1 && pin(pid, String(cores - 1))
}

/** Keeps this process off that core, until `undo`. */
export function pinLoad(): boolean {
  return cores > 1 && pin(process.pid, `0-${cores - 2}`)
}
pinLoad.undo = (): void => {
  pin(process.pid, `0-${cores - 1}`)
}
