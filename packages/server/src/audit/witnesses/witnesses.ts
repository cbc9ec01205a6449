import { readFileSync } from 'node:fs'
import {
  formatNote,
  type NoteSignature,
  openCheckpoint,
  parsePolicy,
  requireQuorum,
  TlogError,
  Tree,
  type TrustPolicy,
} from '@gatehouse/tlog'
import { Alarm, record } from '#feed'
import { type Act, type Clock, Fault, type Meter } from '#kernel'
import type { Storage } from '#storage'
import type { Outgoing } from '#web'
import { readLedgerTile } from '../ledger/database-storage.ts'
import { findLedgerState } from '../ledger/ledger.store.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { askWitness, type WitnessAddress, WitnessDisagrees } from './ask-witness.ts'
import { findWitnessed, saveWitnessed } from './witness.store.ts'
import '../events.ts'

const system: Act = { actor: { type: 'system', name: 'audit' }, requestId: 'witnesses' }

export interface WitnessesDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly meter: Meter
  readonly outgoing: Outgoing
  readonly ledger: Ledger
  /** Absolute path of the policy file (C2SP tlog-policy); undefined for no witnesses. */
  readonly policyFile: string | undefined
  readonly onError: (where: string, error: unknown) => void
  /** Between two rounds at least. Default 1,000. */
  readonly everyMs?: number
}

export interface Witnesses {
  /** Whether a quorum is demanded: then what is published is what a quorum has cosigned. */
  readonly demanded: boolean
  close(): Promise<void>
}

/**
 * Has the newest checkpoint cosigned by the witnesses of the policy file. A witness that is down holds nothing up but the
 * published checkpoint; one that has seen another log is an event, a metric and a line in the log, with its name.
 * @throws {Fault} `audit.policy_invalid` with file and line
 */
export function openWitnesses(deps: WitnessesDeps): Witnesses {
  const { storage, clock, meter, onError } = deps
  const failures = meter.counter('audit_witness_failures_total', 'Times a witness did not cosign a checkpoint')
  const disagreements = meter.counter(
    'audit_witness_disagreements_total',
    'Times a witness had seen a log that ours does not continue: a fork, or a restored backup',
  )
  meter.gauge(
    'audit_events_witnessed',
    'Events that a checkpoint with a quorum of cosignatures covers',
    [],
    async function () {
      this.set((await findWitnessed(storage.db))?.size ?? 0)
    },
  )
  if (deps.policyFile === undefined) return { demanded: false, close: async () => undefined }
  const policy = readPolicy(deps.policyFile)
  const addresses = [...policy.witnesses].flatMap(([name, { key, url }]) =>
    url === undefined ? [] : [{ name, key, url }],
  )
  const seen = new Map<string, number>()
  const told = new Map<string, string>()
  const disagreeing = new Set<string>()
  const alarm = new Alarm()
  let stopped = false

  const ask = async (
    witness: WitnessAddress,
    checkpoint: ReturnType<typeof openCheckpoint>,
  ): Promise<NoteSignature[]> => {
    try {
      const tree = new Tree(checkpoint.size, (tile) => readLedgerTile(storage, tile))
      const signatures = await askWitness(deps.outgoing, witness, checkpoint, tree, seen.get(witness.name) ?? 0)
      seen.set(witness.name, checkpoint.size)
      told.delete(witness.name)
      disagreeing.delete(witness.name)
      return signatures
    } catch (error) {
      failures.inc()
      const says = error instanceof Error ? error.message : String(error)
      if (error instanceof WitnessDisagrees) {
        disagreements.inc()
        await tellDisagreement(witness.name, says)
      }
      // Said once until it changes, not every second.
      if (told.get(witness.name) !== says) onError(`witness ${witness.name}`, error)
      told.set(witness.name, says)
      return []
    }
  }

  const tellDisagreement = async (name: string, says: string) => {
    // An event is a new checkpoint, on which the witness is asked again: one for as long as it disagrees.
    if (disagreeing.has(name)) return
    await storage.transact((tx) =>
      record(tx, system, {
        type: 'audit.witness_disagreed',
        atMs: clock.nowMs(),
        organizationId: undefined,
        object: { type: 'AuditWitness', id: name },
        outcome: 'failure',
        data: { witness: name, says },
      }),
    )
    disagreeing.add(name)
  }

  const round = async () => {
    const state = await findLedgerState(storage.db)
    const witnessed = await findWitnessed(storage.db)
    if (deps.ledger.broken !== undefined || state === undefined || state.size <= (witnessed?.size ?? -1)) return
    const checkpoint = openCheckpoint(state.checkpoint, deps.ledger.log.verifierKey)
    const answers = await Promise.all(addresses.map((witness) => ask(witness, checkpoint)))
    const note = { text: checkpoint.note.text, signatures: [...checkpoint.note.signatures, ...answers.flat()] }
    try {
      requireQuorum(note, { ...policy, logs: [deps.ledger.log.verifierKey] })
    } catch (error) {
      if (error instanceof TlogError) return
      throw error
    }
    const row = { size: checkpoint.size, checkpoint: formatNote(note), atMs: clock.nowMs() }
    await storage.transact((tx) => saveWitnessed(tx, row))
  }
  const running = (async () => {
    while (!stopped) {
      await round().catch((error) => onError('audit witnesses', error))
      await alarm.wait(deps.everyMs ?? 1_000)
    }
  })()
  return {
    demanded: policy.quorum !== undefined,
    close: async () => {
      stopped = true
      alarm.ring()
      await running
    },
  }
}

function readPolicy(path: string): TrustPolicy {
  try {
    return parsePolicy(readFileSync(path, 'utf8'))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Fault('audit.policy_invalid', { cause, detail: `${path}: ${why}` })
  }
}
