import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'

const niceness = 10

/**
 * Lets every other thread of this process step back behind the one that answers: V8's helpers (marking for garbage collection, compiling)
 * are as many as four, and on a machine of few cores they would take turns with it and hold up requests for tens of milliseconds.
 * Linux alone gives threads a priority of their own; elsewhere, and where it is refused, all stay alike.
 * @returns how many stepped back
 */
export function stepBack(): number {
  let lowered = 0
  try {
    for (const thread of readdirSync('/proc/self/task'))
      if (Number(thread) !== process.pid) {
        setPriority(Number(thread), niceness)
        lowered++
      }
  } catch {
    // Not Linux, or not allowed to: they compete as before.
  }
  return lowered
}
