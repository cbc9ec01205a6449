import { crc32 } from 'node:zlib'
import { writeDecided, writeUid } from '@gatehouse/sdk/decided-bytes'
import { asciiBytes, LineBytes } from '@gatehouse/sdk/line-bytes'
import type { Outcome } from '../engine/decision.ts'
import type { EntityUid } from '../entities/source.ts'

/** What is kept of one decision. Names and ids only: no attribute, no context, nothing secret. */
export interface DecisionRecord {
  readonly atMs: number
  readonly requestId: string
  readonly via: 'gate' | 'authzen' | 'forward-auth' | 'ext-authz' | 'local' | 'sign-in'
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

type Members = Record<keyof DecisionRecord, true>
/** INVARIANT: a member that is added to the record and not written below does not compile here. */
export const written: Members = {
  atMs: true,
  requestId: true,
  via: true,
  applicationId: true,
  caller: true,
  principal: true,
  action: true,
  resource: true,
  outcome: true,
  reasons: true,
  errors: true,
  bundle: true,
  position: true,
  tookMicros: true,
  edge: true,
}

const noSum = asciiBytes('00000000 {"number":')
const afterSum = 9
const digits = asciiBytes('0123456789abcdef')
const names = {
  at: asciiBytes(',"atMs":'),
  request: asciiBytes(',"requestId":'),
  via: asciiBytes(',"via":'),
  application: asciiBytes(',"applicationId":'),
  caller: asciiBytes(',"caller":{"type":'),
  position: asciiBytes(',"position":'),
  took: asciiBytes(',"tookMicros":'),
  stream: asciiBytes(',"edge":{"stream":'),
  number: asciiBytes(',"number":'),
}
const brace = 0x7d
const lineFeed = 0x0a
const heads = new LineBytes()

/** What the decisions of one request share is written out once. */
let shared: DecisionRecord | undefined
let head = heads.viewFrom(0)

function headOf(record: DecisionRecord): Uint8Array {
  const { atMs, requestId, via, applicationId, caller } = record
  const same =
    shared?.requestId === requestId &&
    shared.atMs === atMs &&
    shared.caller === caller &&
    shared.applicationId === applicationId &&
    shared.via === via
  if (!same) {
    shared = record
    heads.clear()
    heads.raw(names.at)
    heads.count(atMs)
    heads.raw(names.request)
    heads.quoted(requestId)
    heads.raw(names.via)
    heads.quoted(via)
    if (applicationId !== undefined) {
      heads.raw(names.application)
      heads.quoted(applicationId)
    }
    if (caller !== undefined) {
      heads.raw(names.caller)
      writeUid(heads, caller)
      heads.byte(brace)
    }
    head = heads.viewFrom(0)
  }
  return head
}

/**
 * Writes a line of a segment: CRC-32 (8 hex digits) of the JSON, a space, the JSON, a line feed. The sum is made of the bytes and
 * written over them.
 */
export function encodeRecord(lines: LineBytes, number: number, record: DecisionRecord): void {
  const start = lines.length
  writeRecord(lines, number, record)
  let sum = crc32(lines.viewFrom(start + afterSum))
  for (let at = start + afterSum - 2; at >= start; at--) {
    lines.patch(at, digits[sum & 15] as number)
    sum >>>= 4
  }
  lines.byte(lineFeed)
}

function writeRecord(lines: LineBytes, number: number, record: DecisionRecord): void {
  const { position, tookMicros, edge } = record
  lines.raw(noSum)
  lines.count(number)
  lines.raw(headOf(record))
  writeDecided(lines, record, record)
  lines.raw(names.position)
  lines.count(position)
  lines.raw(names.took)
  lines.count(tookMicros)
  if (edge !== undefined) {
    lines.raw(names.stream)
    lines.quoted(edge.stream)
    lines.raw(names.number)
    lines.count(edge.number)
    lines.byte(brace)
  }
  lines.byte(brace)
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
