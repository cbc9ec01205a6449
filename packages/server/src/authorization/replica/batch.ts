import { createHash } from 'node:crypto'
import { Fault } from '#kernel'
import '../faults.ts'
import type { Outcome } from '../engine/decision.ts'
import type { EntityUid } from '../entities/source.ts'
import type { DecisionRecord } from '../journal/record.ts'
import type { Turns } from './turns.ts'

/** Decisions made by an application itself, as they come in: see docs/local-decisions.md. */
export interface Batch {
  readonly stream: string
  readonly sequence: number
  /** Hash of the batch before; empty for the first. */
  readonly previous: string
  /** Everything decided before then is in this batch or an earlier one. */
  readonly watermarkMs: number
  /** The replica's cursor when the first of them was made. */
  readonly cursor: string | undefined
  /** One decision a line, each with its line feed. */
  readonly lines: Buffer
}

/** What stands in a line. */
export type EdgeRecord = Omit<DecisionRecord, 'via' | 'applicationId' | 'caller' | 'position'> & {
  readonly number: number
}

export const batchLinesMost = 20_000
/** So many lines are read, and so many bytes hashed, in one turn of the event loop: well below a millisecond. */
const linesATurn = 64
const bytesATurn = 64 * 1024
const lineFeed = 10
const outcomes: ReadonlySet<unknown> = new Set(['allow', 'deny_policy', 'deny_default', 'deny_error'])

export const isStreamName = (text: unknown): text is string => typeof text === 'string' && /^[\w-]{8,64}$/.test(text)

const wrong = (detail: string) => new Fault('authorization.batch_invalid', { detail })

/** SHA-256 over the hash before and the lines as they are. */
export async function hashBatch({ previous, lines }: Batch, turns: Turns): Promise<string> {
  const hash = createHash('sha256').update(`${previous}\n`)
  for (let at = 0; at < lines.length; at += bytesATurn) {
    if (at > 0) await turns.next()
    hash.update(lines.subarray(at, at + bytesATurn))
  }
  return hash.digest('base64url')
}

/**
 * A batch as one object, or its lines as they are with the rest in the address (`application/x-ndjson`), which spares both sides the
 * quoting. Its lines are not read yet. @throws {Fault} `authorization.batch_invalid`
 */
export function readBatch(body: unknown, query: unknown = {}): Batch {
  const { stream, sequence, previous, watermarkMs, cursor, lines } = partsOf(body, query)
  if (!isStreamName(stream)) throw wrong('/stream must have 8 to 64 letters')
  if (!isCount(sequence) || sequence === 0) throw wrong('/sequence must be a positive integer')
  if (typeof previous !== 'string' || !/^([\w-]{43})?$/.test(previous))
    throw wrong('/previous must be a hash, or empty')
  if (!isCount(watermarkMs)) throw wrong('/watermarkMs must be milliseconds')
  if (cursor !== undefined && typeof cursor !== 'string') throw wrong('/cursor must be a string')
  const bytes = typeof lines === 'string' ? Buffer.from(lines) : lines
  if (!Buffer.isBuffer(bytes) || (bytes.length > 0 && bytes.at(-1) !== lineFeed)) throw wrong('/lines must be lines')
  return { stream, sequence, previous, watermarkMs, cursor, lines: bytes }
}

function partsOf(body: unknown, query: unknown): Record<string, unknown> {
  if (!Buffer.isBuffer(body)) return (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const given = query as Record<string, unknown>
  const count = (text: unknown) => (typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : undefined)
  return { ...given, sequence: count(given.sequence), watermarkMs: count(given.watermarkMs), lines: body }
}

/**
 * The decisions of a batch, numbered on from `first`, as many together as one turn of the event loop is good for, each in a turn of its
 * own. What was given out is not held: read twice, a batch costs less than held whole.
 * @throws {Fault} `authorization.batch_invalid`
 */
export async function* readRecords({ lines }: Batch, first: number, turns: Turns): AsyncGenerator<EdgeRecord[]> {
  let some: EdgeRecord[] = []
  let number = first
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(lineFeed, start)
    some.push(readRecord(lines.toString('utf8', start, end), number++, first))
    start = end + 1
    if (some.length < linesATurn) continue
    yield some
    some = []
    await turns.next()
  }
  if (some.length > 0) yield some
}

function readRecord(line: string, expected: number, first: number): EdgeRecord {
  const it = parse(line)
  const fits =
    it !== undefined &&
    it.number === expected &&
    isCount(it.atMs) &&
    isCount(it.tookMicros) &&
    isText(it.requestId, 128) &&
    isText(it.bundle, 128) &&
    isUid(it.principal) &&
    isUid(it.action) &&
    isUid(it.resource) &&
    outcomes.has(it.outcome) &&
    isTexts(it.reasons) &&
    isTexts(it.errors)
  if (!fits) throw wrong(`line ${expected - first + 1} is no decision numbered ${expected}`)
  if (expected - first >= batchLinesMost) throw wrong(`/lines must be at most ${batchLinesMost}`)
  const { number, atMs, tookMicros, requestId, bundle, principal, action, resource, outcome, reasons, errors } =
    it as unknown as EdgeRecord
  return {
    number,
    atMs,
    tookMicros,
    requestId,
    bundle,
    principal: only(principal),
    action: only(action),
    resource: only(resource),
    outcome: outcome as Outcome,
    reasons,
    errors,
  }
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

const only = ({ type, id }: EntityUid): EntityUid => ({ type, id })
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isText = (value: unknown, most: number): value is string => typeof value === 'string' && value.length <= most
const isTexts = (value: unknown) =>
  Array.isArray(value) && value.length <= 100 && value.every((one) => isText(one, 500))
const isUid = (value: unknown) => {
  const { type, id } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>
  return isText(type, 1_000) && isText(id, 1_000)
}
