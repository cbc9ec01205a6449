import { hash } from 'node:crypto'
import { Fault } from '#kernel'
import '../faults.ts'
import type { Outcome } from '../engine/decision.ts'
import type { EntityUid } from '../entities/source.ts'
import type { DecisionRecord } from '../journal/record.ts'

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
  readonly hash: string
  readonly lines: readonly string[]
}

/** What stands in a line. */
export type EdgeRecord = Omit<DecisionRecord, 'via' | 'applicationId' | 'caller' | 'position'> & {
  readonly number: number
}

export const batchLinesMost = 20_000
const outcomes: ReadonlySet<unknown> = new Set(['allow', 'deny_policy', 'deny_default', 'deny_error'])

/** SHA-256 over the hash before and the lines as they are. */
export const hashBatch = (previous: string, lines: string): string =>
  hash('sha256', `${previous}\n${lines}`, 'base64url')

const wrong = (detail: string) => new Fault('authorization.batch_invalid', { detail })

/**
 * A batch as one object, or its lines as they are with the rest in the address (`application/x-ndjson`), which spares both sides the
 * quoting. @throws {Fault} `authorization.batch_invalid`
 */
export function readBatch(body: unknown, query: unknown = {}): Batch {
  const { stream, sequence, previous, watermarkMs, cursor, lines } = partsOf(body, query)
  if (typeof stream !== 'string' || !/^[\w-]{8,64}$/.test(stream)) throw wrong('/stream must have 8 to 64 letters')
  if (!isCount(sequence) || sequence === 0) throw wrong('/sequence must be a positive integer')
  if (typeof previous !== 'string' || !/^([\w-]{43})?$/.test(previous))
    throw wrong('/previous must be a hash, or empty')
  if (!isCount(watermarkMs)) throw wrong('/watermarkMs must be milliseconds')
  if (cursor !== undefined && typeof cursor !== 'string') throw wrong('/cursor must be a string')
  if (typeof lines !== 'string' || (lines !== '' && !lines.endsWith('\n'))) throw wrong('/lines must be lines')
  const list = lines === '' ? [] : lines.slice(0, -1).split('\n')
  if (list.length > batchLinesMost) throw wrong(`/lines must be at most ${batchLinesMost}`)
  return { stream, sequence, previous, watermarkMs, cursor, hash: hashBatch(previous, lines), lines: list }
}

function partsOf(body: unknown, query: unknown): Record<string, unknown> {
  if (typeof body !== 'string')
    return (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>
  const given = query as Record<string, unknown>
  const count = (text: unknown) => (typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) : undefined)
  return { ...given, sequence: count(given.sequence), watermarkMs: count(given.watermarkMs), lines: body }
}

/** The decisions of a batch, numbered on from `first`. @throws {Fault} `authorization.batch_invalid` */
export function readRecords({ lines }: Batch, first: number): EdgeRecord[] {
  return lines.map((line, at) => {
    const it = parse(line)
    const fits =
      it !== undefined &&
      it.number === first + at &&
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
    if (!fits) throw wrong(`line ${at + 1} is no decision numbered ${first + at}`)
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
  })
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
