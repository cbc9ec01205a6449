import type { CredentialNotes } from './credential-notes.store.ts'
import type { Credentials } from './credentials.ts'

const day = 86_400_000
/** Days before the end of a credential at which an event says so, the fewest last. */
export const warningDays = [30, 7, 1] as const

export const staleReasons = ['ended', 'ends-soon', 'endless', 'old', 'never-used', 'unused', 'owner-left'] as const
/** Why a credential wants somebody's attention. */
export type StaleReason = (typeof staleReasons)[number]

export interface JudgedCredential {
  readonly kind: 'key' | 'secret'
  /** A secret's public id, or a key's `kid`. */
  readonly id: string
  readonly sinceMs: number
  readonly expiresAtMs?: number
  readonly usedAtMs?: number
  readonly reasons: readonly StaleReason[]
}

/** Each secret and key of a machine, with what is wrong with it. Pure. */
export function judgeCredentials(
  owner: { readonly id: string; readonly credentials: Credentials },
  notes: CredentialNotes,
  ownerIsThere: boolean,
  nowMs: number,
): JudgedCredential[] {
  const { secrets, keys } = owner.credentials
  const all = [
    ...secrets.map(({ id, issuedAtMs, expiresAtMs }) => ({
      kind: 'secret' as const,
      id,
      sinceMs: issuedAtMs,
      expiresAtMs,
    })),
    ...keys.map(({ kid, registeredAtMs, expiresAtMs }) => ({
      kind: 'key' as const,
      id: kid,
      sinceMs: registeredAtMs,
      expiresAtMs,
    })),
  ]
  return all.map(({ expiresAtMs, ...it }) => {
    const usedAtMs = notes.of(owner.id, it.id)?.usedAtMs
    const reasons: StaleReason[] = []
    const ended = expiresAtMs !== undefined && expiresAtMs <= nowMs
    if (ended) reasons.push('ended')
    else if (expiresAtMs === undefined) reasons.push('endless')
    else if (expiresAtMs - nowMs <= warningDays[0] * day) reasons.push('ends-soon')
    if (!ended && nowMs - it.sinceMs > 366 * day) reasons.push('old')
    if (!ended && usedAtMs === undefined && nowMs - it.sinceMs > 30 * day) reasons.push('never-used')
    if (!ended && usedAtMs !== undefined && nowMs - usedAtMs > 90 * day) reasons.push('unused')
    if (!ownerIsThere) reasons.push('owner-left')
    return {
      ...it,
      reasons,
      ...(expiresAtMs !== undefined && { expiresAtMs }),
      ...(usedAtMs !== undefined && { usedAtMs }),
    }
  })
}
