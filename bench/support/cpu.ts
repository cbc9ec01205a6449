import { existsSync, readdirSync, readFileSync } from 'node:fs'

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

/** As `cpuSecondsOf`, of the threads that run now and to the nanosecond: for differences over short turns. */
export function threadSecondsOf(pid: number): number | undefined {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return undefined
  let nanoseconds = 0
  for (const task of readdirSync(tasks)) {
    const schedstat = `${tasks}/${task}/schedstat`
    if (!existsSync(schedstat)) return undefined
    nanoseconds += Number(readFileSync(schedstat, 'utf8').split(' ', 1)[0])
  }
  return nanoseconds / 1e9
}
