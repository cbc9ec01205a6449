import type { Request } from '@gatehouse/cedar'
import type { Decided } from './decide.ts'

const plain = /^[ !#-[\]-~]*$/
/** As `JSON.stringify`, without its cost for what needs no escape. */
const quote = (text: string) => (plain.test(text) ? `"${text}"` : JSON.stringify(text))
const quoteAll = (texts: readonly string[]) => (texts.length === 0 ? '[]' : `[${texts.map(quote).join(',')}]`)
const uidOf = ({ type, id }: { type: string; id: string }) => `{"type":${quote(type)},"id":${quote(id)}}`

/** A decision as it is kept and shipped: names and ids only, no attribute, no context. */
export function encodeLine(
  number: number,
  atMs: number,
  requestId: string,
  { principal, action, resource }: Request,
  { outcome, reasons, errors, bundle }: Decided,
  tookMs: number,
): string {
  const what = `"principal":${uidOf(principal)},"action":${uidOf(action)},"resource":${uidOf(resource)}`
  const why = `"outcome":"${outcome}","reasons":${quoteAll(reasons)},"errors":${quoteAll(errors)},"bundle":"${bundle}"`
  const took = Math.round(tookMs * 1_000)
  return `{"number":${number},"atMs":${atMs},"requestId":"${requestId}",${what},${why},"tookMicros":${took}}\n`
}
