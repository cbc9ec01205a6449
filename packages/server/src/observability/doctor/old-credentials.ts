import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import { type AgedCredential, credentialsInUse } from '../metrics/credentials.ts'
import type { Check } from './doctor.ts'

const dayMs = 86_400_000
/** As the objective `credential-rotation` has it. */
export const credentialDaysMost = 365
const shown = 5

/** Secrets and keys of applications and machines that nobody has replaced for a year. */
export function oldCredentialsCheck({ storage, clock }: { storage: Storage; clock: Clock }): Check {
  return {
    name: 'old credentials',
    run: async () => {
      const nowMs = clock.nowMs()
      const old: AgedCredential[] = []
      for await (const one of credentialsInUse(storage.db, nowMs))
        if (nowMs - one.sinceMs > credentialDaysMost * dayMs) old.push(one)
      if (old.length === 0)
        return { status: 'ok', says: `No secret or key of a client is older than ${credentialDaysMost} days` }
      old.sort((a, b) => a.sinceMs - b.sinceMs)
      const names = old
        .slice(0, shown)
        .map(
          ({ holder, kind, sinceMs }) =>
            `${holder} (${kind.replace('_', ' ')}, ${Math.floor((nowMs - sinceMs) / dayMs)} days)`,
        )
      return {
        status: 'warning',
        says: `Long not replaced: ${names.join(', ')}${old.length > shown ? ` and ${old.length - shown} more` : ''}`,
        advice: 'gatehouse app secret, gatehouse machine secret: a new one with an overlap; then end the old one',
      }
    },
  }
}
