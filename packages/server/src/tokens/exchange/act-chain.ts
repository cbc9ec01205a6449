/** Who acts for the subject of a token; `act` inside is who acted before (RFC 8693 §4.1). */
export interface ActClaim {
  readonly sub: string
  /** The person who answers for the actor, when it is a machine. */
  readonly owner?: string
  readonly act?: ActClaim
}

/** Actors of one token at most: whoever hands work on hands on less each time, and not for ever. */
export const actorsMost = 4

/** Ids of the actors, the present one first. */
export function actorsOf(act: ActClaim | undefined): string[] {
  const actors: string[] = []
  for (let it = act; it !== undefined; it = it.act) actors.push(it.sub)
  return actors
}

/** The claim as it is in a token of ours; undefined for what is none, or too deep. */
export function readAct(value: unknown, depth = 0): ActClaim | undefined {
  if (typeof value !== 'object' || value === null || depth >= actorsMost) return undefined
  const { sub, owner, act } = value as Record<string, unknown>
  if (typeof sub !== 'string' || (owner !== undefined && typeof owner !== 'string')) return undefined
  const inner = act === undefined ? undefined : readAct(act, depth + 1)
  if (act !== undefined && inner === undefined) return undefined
  return { sub, ...(owner !== undefined && { owner }), ...(inner && { act: inner }) }
}
