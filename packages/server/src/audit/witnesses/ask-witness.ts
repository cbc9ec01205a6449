import {
  acceptCosignatures,
  formatAddCheckpoint,
  type NoteSignature,
  type SignedCheckpoint,
  type Tree,
  type VerifierKey,
} from '@gatehouse/tlog'
import type { Outgoing } from '#web'

/** A witness that says we denied what it has seen: the one answer that is an alarm and not an outage. */
export class WitnessDisagrees extends Error {}

export interface WitnessAddress {
  readonly name: string
  readonly key: VerifierKey
  /** Submission prefix; `/add-checkpoint` is added. */
  readonly url: string
}

/**
 * Submits a checkpoint (C2SP tlog-witness, `add-checkpoint`). A witness that has seen another size than we thought says so
 * (409) and is asked once more from there.
 * @param known size it is thought to have seen
 * @throws {WitnessDisagrees} when it has seen a larger log, or one that ours does not continue
 * @throws {Fault} `web.outgoing_failed`, `web.outgoing_refused`; an `Error` for any other answer
 */
export async function askWitness(
  outgoing: Outgoing,
  witness: WitnessAddress,
  checkpoint: SignedCheckpoint,
  tree: Tree,
  known: number,
): Promise<NoteSignature[]> {
  let from = known
  for (let attempt = 0; ; attempt++) {
    const proof = await tree.consistencyProof(from)
    const reply = await outgoing.send(`${witness.url.replace(/\/$/, '')}/add-checkpoint`, {
      body: formatAddCheckpoint(from, proof, checkpoint),
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      timeoutMs: 5_000,
      mostBytes: 65_536,
    })
    const text = reply.body.toString('utf8')
    if (reply.status === 200) {
      const signatures = acceptCosignatures(text, checkpoint, [witness.key])
      if (signatures.length === 0) throw new Error(`${witness.name} answered without a signature of its own`)
      return signatures
    }
    if (reply.status === 422) throw new WitnessDisagrees(`${witness.name} has seen a log that ours does not continue`)
    if (reply.status !== 409) throw new Error(`${witness.name} answered ${reply.status}`)
    const seen = Number(/^(0|[1-9]\d{0,15})\n$/.exec(text)?.[1] ?? Number.NaN)
    if (!Number.isSafeInteger(seen)) throw new Error(`${witness.name} answered 409 without a size`)
    if (seen > checkpoint.size || (seen === from && attempt > 0))
      throw new WitnessDisagrees(`${witness.name} has seen a log of ${seen} entries; ours had ${checkpoint.size}`)
    if (attempt > 1) throw new Error(`${witness.name} changes its mind about what it has seen`)
    from = seen
  }
}
