import { crc32 } from 'node:zlib'
import type { Outcome } from '../engine/decision.ts'
import type { EntityUid } from '../entities/source.ts'

/** What is kept of one decision. Names and ids only: no attribute, no context, nothing secret. */
export interface DecisionRecord {
  readonly atMs: number
  readonly requestId: string
  readonly via: 'gate' | 'authzen' | 'forward-auth' | 'ext-authz' | 'local'
  /** Whose bundle decided; undefined for Gatehouse's own actions. */
  readonly applicationId?: string | undefined
  /** Who asked, where that is not the principal. */
  readonly caller?: EntityUid | undefined
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly outcome: Outcome
  /** Policies and grants that decided. */
  readonly reasons: readonly string[]
  /** Policies that erred. */
  readonly errors: readonly string[]
  /** Hash of the bundle. */
  readonly bundle: string
  /** Feed position of the snapshot. */
  readonly position: number
  readonly tookMicros: number
  /** Of a decision that the application made itself: its place in the stream that it came in. */
  readonly edge?: { readonly stream: string; readonly number: number } | undefined
}

/** As it is read back: numbered within its node's journal, without gaps. */
export interface KeptDecision extends DecisionRecord {
  readonly number: number
}

/** One line of a segment: CRC-32 (8 hex digits) of the JSON, a space, the JSON, a line feed. */
export function encodeRecord(number: number, record: DecisionRecord): string {
  const json = `{"number":${number},${JSON.stringify(record).slice(1)}`
  return `${crc32(json).toString(16).padStart(8, '0')} ${json}\n`
}

/** The record of a line without its line feed; undefined when it is torn or was changed. */
export function decodeRecord(line: Buffer): KeptDecision | undefined {
  if (line.length < 11 || line[8] !== 0x20) return undefined
  const json = line.subarray(9)
  if (crc32(json) !== Number.parseInt(line.toString('latin1', 0, 8), 16)) return undefined
  try {
    return JSON.parse(json.toString('utf8')) as KeptDecision
  } catch {
    return undefined
  }
}
