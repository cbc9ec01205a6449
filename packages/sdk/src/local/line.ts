import type { Request } from '@gatehouse/cedar'
import { asciiBytes, type LineBytes } from '../lines/line-bytes.ts'
import type { Decided } from './decide.ts'

const names = {
  number: asciiBytes('{"number":'),
  at: asciiBytes(',"atMs":'),
  request: asciiBytes(',"requestId":'),
  principal: asciiBytes(',"principal":{"type":'),
  id: asciiBytes(',"id":'),
  action: asciiBytes('},"action":{"type":'),
  resource: asciiBytes('},"resource":{"type":'),
  outcome: asciiBytes('},"outcome":'),
  reasons: asciiBytes(',"reasons":'),
  errors: asciiBytes(',"errors":'),
  bundle: asciiBytes(',"bundle":'),
  took: asciiBytes(',"tookMicros":'),
  end: asciiBytes('}\n'),
}

/** Writes a decision as it is kept and shipped: names and ids only, no attribute, no context. */
export function writeLine(
  into: LineBytes,
  number: number,
  atMs: number,
  requestId: string,
  { principal, action, resource }: Request,
  { outcome, reasons, errors, bundle }: Decided,
  tookMs: number,
): void {
  into.raw(names.number)
  into.count(number)
  into.raw(names.at)
  into.count(atMs)
  into.raw(names.request)
  into.quoted(requestId)
  into.raw(names.principal)
  into.quoted(principal.type)
  into.raw(names.id)
  into.quoted(principal.id)
  into.raw(names.action)
  into.quoted(action.type)
  into.raw(names.id)
  into.quoted(action.id)
  into.raw(names.resource)
  into.quoted(resource.type)
  into.raw(names.id)
  into.quoted(resource.id)
  into.raw(names.outcome)
  into.quoted(outcome)
  into.raw(names.reasons)
  into.quotedAll(reasons)
  into.raw(names.errors)
  into.quotedAll(errors)
  into.raw(names.bundle)
  into.quoted(bundle)
  into.raw(names.took)
  into.count(Math.round(tookMs * 1_000))
  into.raw(names.end)
}
