import type { Request } from '@gatehouse/cedar'
import { writeDecided } from '../lines/decided-bytes.ts'
import { asciiBytes, type LineBytes } from '../lines/line-bytes.ts'
import type { Decided } from './decide.ts'

const names = {
  number: asciiBytes('{"number":'),
  at: asciiBytes(',"atMs":'),
  request: asciiBytes(',"requestId":'),
  took: asciiBytes(',"tookMicros":'),
  end: asciiBytes('}\n'),
}

/** Writes a decision as it is kept and shipped: names and ids only, no attribute, no context. */
export function writeLine(
  into: LineBytes,
  number: number,
  atMs: number,
  requestId: string,
  request: Request,
  decided: Decided,
  tookMs: number,
): void {
  into.raw(names.number)
  into.count(number)
  into.raw(names.at)
  into.count(atMs)
  into.raw(names.request)
  into.quoted(requestId)
  writeDecided(into, request, decided)
  into.raw(names.took)
  into.count(Math.round(tookMs * 1_000))
  into.raw(names.end)
}
