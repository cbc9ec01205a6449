import { readdirSync, readFileSync } from 'node:fs'
import { setPriority } from 'node:os'

const niceness = 10

/**
 * Lets the threads that hash passwords step back behind the one that answers everything else: under a storm of sign-ins a
 * decision then waits for no hashing. Linux alone gives threads a priority of their own; elsewhere, and where it is refused,
 * all stay alike. Once, after the first hashing, when the threads are there.
 * @returns how many there were
 */
export function lowerWorkers(): number {
  let lowered = 0
  try {
    for (const thread of readdirSync('/proc/self/task'))
      if (readFileSync(`/proc/self/task/${thread}/comm`, 'utf8').trim() === 'libuv-worker') {
        setPriority(Number(thread), niceness)
        lowered++
      }
  } catch {
    // Not Linux, or not allowed to: hashing competes as before.
  }
  return lowered
}
