import { crc32 } from 'node:zlib'
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

const plain = /^[ !#-[\]-~]*$/
/** As `JSON.stringify`, without its cost for what needs no escape. */
const quote = (text: string) => (plain.test(text) ? `"${text}"` : JSON.stringify(text))
const quoteAll = (texts: readonly string[]) => (texts.length === 0 ? '[]' : `[${texts.map(quote).join(',')}]`)
const uidOf = ({ type, id }: EntityUid) => `{"type":${quote(type)},"id":${quote(id)}}`

/** What the decisions of one request share is written out once. */
let shared: { readonly of: DecisionRecord; readonly head: string } | undefined

function headOf(record: DecisionRecord): string {
  const { atMs, requestId, via, applicationId, caller } = record
  const last = shared?.of
  const same =
    last?.requestId === requestId &&
    last.atMs === atMs &&
    last.caller === caller &&
    last.applicationId === applicationId &&
    last.via === via
  if (shared !== undefined && same) return shared.head
  const application = applicationId === undefined ? '' : `,"applicationId":${quote(applicationId)}`
  const asker = caller === undefined ? '' : `,"caller":${uidOf(caller)}`
  const head = `"atMs":${atMs},"requestId":${quote(requestId)},"via":"${via}"${application}${asker}`
  shared = { of: record, head }
  return head
}

type HeadMember = 'atMs' | 'requestId' | 'via' | 'applicationId' | 'caller'
type Rest = Omit<
  DecisionRecord,
  | HeadMember
  | 'principal'
  | 'action'
  | 'resource'
  | 'outcome'
  | 'reasons'
  | 'errors'
  | 'bundle'
  | 'position'
  | 'tookMicros'
  | 'edge'
>
/** INVARIANT: a member that is added to the record and not written here does not compile. */
export const allWritten: keyof Rest extends never ? true : false = true

const noSum = '00000000'
const digits = Buffer.from('0123456789abcdef')
const lineFeed = 10

/**
 * Lines of a segment, each a record: CRC-32 (8 hex digits) of the JSON, a space, the JSON, a line feed. Their sums are made
 * of the bytes and written over, so that each text is turned into bytes once.
 * @returns the bytes, and where each line begins in them
 */
export function encodeRecords(first: number, records: readonly DecisionRecord[]): { bytes: Buffer; starts: number[] } {
  let text = ''
  for (let index = 0; index < records.length; index++)
    text += `${noSum} ${jsonOf(first + index, records[index] as DecisionRecord)}\n`
  const bytes = Buffer.from(text)
  const starts: number[] = []
  for (let start = 0; start < bytes.length; ) {
    // INVARIANT: JSON holds no raw line feed.
    const end = bytes.indexOf(lineFeed, start)
    let sum = crc32(bytes.subarray(start + noSum.length + 1, end))
    for (let at = start + noSum.length - 1; at >= start; at--) {
      bytes[at] = digits[sum & 15] as number
      sum >>>= 4
    }
    starts.push(start)
    start = end + 1
  }
  return { bytes, starts }
}

function jsonOf(number: number, record: DecisionRecord): string {
  const { principal, action, resource, outcome, reasons, errors, bundle, position, tookMicros, edge } = record
  const from = edge === undefined ? '' : `,"edge":{"stream":${quote(edge.stream)},"number":${edge.number}}`
  return `{"number":${number},${headOf(record)},"principal":${uidOf(principal)},"action":${uidOf(action)},"resource":${uidOf(resource)},"outcome":"${outcome}","reasons":${quoteAll(reasons)},"errors":${quoteAll(errors)},"bundle":${quote(bundle)},"position":${position},"tookMicros":${tookMicros}${from}}`
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
