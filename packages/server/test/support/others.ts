import { statSync } from 'node:fs'
import { dirname } from 'node:path'

/** Whether users other than the owner may reach what lies in a directory: each directory on the way lets them through. */
export function othersMayEnter(directory: string): boolean {
  for (let at = directory; ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}
