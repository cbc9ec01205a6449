import { existsSync, readFileSync } from 'node:fs'

/**
 * Processor seconds that a process has used so far, user and system; undefined where the system does not say (no `/proc`). What else
 * the machine does hardly changes it.
 */
export function cpuSecondsOf(pid: number): number | undefined {
  const stat = `/proc/${pid}/stat`
  if (!existsSync(stat)) return undefined
  const fields = (readFileSync(stat, 'utf8').split(') ').at(-1) as string).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}
