import type { Snapshot } from '../engine/snapshot.ts'
import { organizationOf } from '../entities/owner.ts'
import type { NodeFreshness } from './freshness.ts'
import type { OpenStream } from './open-stream.ts'
import type { RevocationSource, ToldRevocation } from './ports.ts'

export interface RevocationStreamDeps {
  readonly snapshot: Snapshot
  readonly revocations: RevocationSource
  readonly freshness: NodeFreshness
}

const chunk = 500
const principalTypes = ['User', 'Machine', 'Application']

/** Sends the revocations of one organization: all in force, then each as it comes. */
export function followRevocations(deps: RevocationStreamDeps, organizationId: string | undefined, stream: OpenStream) {
  const { revocations, freshness } = deps
  const concerns = (revocation: ToldRevocation) => {
    if (organizationId === undefined) return true
    const owners = ownersOf(deps.snapshot, revocation)
    return owners.length === 0 || owners.includes(organizationId)
  }
  // INVARIANT: listening begins before the set is read: what comes meanwhile is told after it, and twice does no harm.
  const stop = revocations.onAdd((revocation) => {
    if (concerns(revocation)) stream.push(JSON.stringify({ kind: 'change', revocations: [show(revocation)] }))
  })
  const first = async function* () {
    const { asOfMs } = freshness
    yield JSON.stringify({ kind: 'hello', protocol: 1, atMs: Math.ceil(performance.now()) })
    let some: object[] = []
    for (const revocation of revocations.all()) {
      if (concerns(revocation)) some.push(show(revocation))
      if (some.length < chunk) continue
      yield JSON.stringify({ kind: 'set', revocations: some })
      some = []
    }
    yield JSON.stringify({ kind: 'set', revocations: some })
    yield JSON.stringify({ kind: 'ready', ...(Number.isFinite(asOfMs) && { asOfMs }) })
  }
  const beat = () => stream.push(JSON.stringify({ kind: 'beat', asOfMs: freshness.asOfMs }))
  return { beat, first: first(), stop }
}

/**
 * The organizations that a revocation concerns. INVARIANT: one that can be told of nobody is told to all: a stream that says too much
 * names an id that means nothing elsewhere, one that says too little leaves a token alive.
 */
function ownersOf(snapshot: Snapshot, { kind, id, organizationId, principals }: ToldRevocation): string[] {
  if (organizationId !== undefined) return [organizationId]
  if (kind === 'organization') return [id]
  const about = principals ?? (kind === 'principal' || kind === 'sessions' ? [id] : [])
  return about.flatMap((one) => {
    for (const type of principalTypes) {
      const entity = snapshot.directory.find({ type, id: one })
      const owner = entity && organizationOf(entity)
      if (owner !== undefined) return [owner]
    }
    return []
  })
}

const show = ({ kind, id, except, beforeMs, untilMs }: ToldRevocation) => ({ kind, id, except, beforeMs, untilMs })
