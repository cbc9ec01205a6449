import { mapLeaves } from './chains.ts'
import { CedarError, placeOf } from './errors.ts'
import { limits } from './limits.ts'
import { toLong } from './long.ts'
import { ask, refusal } from './reference.ts'

/** One policy or template of a text, with the JSON form the reference gives it, its integers exact. */
export type ParsedPolicy = { text: string; whole: string; offset: number; template: boolean; json: unknown }

type Piece = { start: number; end: number; template: boolean; longs: { start: number; end: number }[] }

/**
 * Parses Cedar policies, in order.
 * @throws {CedarError} `syntax` with line and column, `limit` for length or depth
 */
export function parsePolicyText(text: string): ParsedPolicy[] {
  if (text.length > limits.policySetLength)
    throw new CedarError('limit', `a policy set is at most ${limits.policySetLength} characters`)
  if (!text.isWellFormed()) throw new CedarError('syntax', 'the text holds a lone surrogate')
  const pieces = splitPolicies(text)
  const parts = ask((reference) => reference.policySetTextToParts(text))
  if (parts.type === 'failure') throw refusal('syntax', parts.errors, text)
  if (parts.policies.length + parts.policy_templates.length !== pieces.length)
    throw new CedarError('syntax', 'the policies of this text cannot be told apart')
  return pieces.map((piece) => parsePiece(text, piece))
}

function parsePiece(text: string, piece: Piece): ParsedPolicy {
  const own = text.slice(piece.start, piece.end)
  const held = new Map<number, bigint>()
  const sent = piece.longs.length === 0 ? own : withPlaceholders(text, piece, held)
  const answer = ask((reference) => (piece.template ? reference.templateToJson(sent) : reference.policyToJson(sent)))
  if (answer.type === 'failure') {
    const place = placeOf(text, piece.start)
    throw new CedarError('syntax', refusal('syntax', answer.errors).message, place)
  }
  return {
    text: own,
    whole: text,
    offset: piece.start,
    template: piece.template,
    json: withLongs(answer.json, held),
  }
}

/**
 * The reference's JSON passes integers through doubles. So each one of 16 digits or more is sent as a stand-in of 16
 * digits that a double holds, and put back afterwards. All of them are replaced, so a stand-in means nothing else.
 */
function withPlaceholders(text: string, piece: Piece, held: Map<number, bigint>): string {
  let sent = ''
  let at = piece.start
  let stand = 7_000_000_000_000_000
  for (const { start, end } of piece.longs) {
    held.set(stand, BigInt(text.slice(start, end)))
    sent += text.slice(at, start) + stand
    at = end
    stand++
  }
  return sent + text.slice(at, piece.end)
}

function withLongs(json: unknown, held: ReadonlyMap<number, bigint>): unknown {
  return mapLeaves(json, (leaf) => {
    const exact = typeof leaf === 'number' ? held.get(Math.abs(leaf)) : undefined
    if (exact === undefined) return leaf
    const signed = (leaf as number) < 0 ? -exact : exact
    return toLong(signed) ?? signed
  })
}

const token =
  /\/\/[^\n]*|"|(?<![A-Za-z0-9_])([0-9]{16,})|\?(?:principal|resource)\b|[([{]|[)\]}]|;|[^\s"()[\]{};/?0-9]+|[/?0-9]+/g

/** Cuts a text at the `;` that end its policies, minding strings, comments and depth. */
export function splitPolicies(text: string): Piece[] {
  const pieces: Piece[] = []
  let piece: Piece | undefined
  let depth = 0
  token.lastIndex = 0
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const word = found[0]
    const first = word.charCodeAt(0)
    if (first === 47 && word.charCodeAt(1) === 47) continue
    piece ??= { start: found.index, end: 0, template: false, longs: [] }
    if (first === 34) token.lastIndex = endOfString(text, found.index)
    else if (first === 59) {
      piece.end = found.index + 1
      if (piece.end - piece.start > limits.policyLength) throw tooLong(text, piece.start)
      pieces.push(piece)
      piece = undefined
      depth = 0
    } else if (word === '(' || word === '[' || word === '{') {
      if (++depth > limits.bracketDepth)
        throw new CedarError('limit', `brackets nest deeper than ${limits.bracketDepth}`, placeOf(text, found.index))
    } else if (word === ')' || word === ']' || word === '}') depth--
    else if (first === 63) piece.template ||= word.length > 1
    else if (found[1] !== undefined) piece.longs.push({ start: found.index, end: found.index + word.length })
  }
  if (piece !== undefined) {
    piece.end = text.length
    if (piece.end - piece.start > limits.policyLength) throw tooLong(text, piece.start)
    pieces.push(piece)
  }
  return pieces
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 92) at++
    else if (code === 34) return at + 1
  }
  return text.length
}

const tooLong = (text: string, at: number) =>
  new CedarError('limit', `a policy is at most ${limits.policyLength} characters`, placeOf(text, at))

/** The text laid out as the Cedar formatter does. @throws {CedarError} `syntax` with line and column, `limit` */
export function formatPolicies(text: string, layout: { lineWidth?: number; indentWidth?: number } = {}): string {
  if (text.length > limits.policySetLength)
    throw new CedarError('limit', `a policy set is at most ${limits.policySetLength} characters`)
  splitPolicies(text)
  const answer = ask((reference) =>
    reference.formatPolicies({
      policyText: text,
      lineWidth: layout.lineWidth ?? 100,
      indentWidth: layout.indentWidth ?? 2,
    }),
  )
  if (answer.type === 'failure') throw refusal('syntax', answer.errors, text)
  return answer.formatted_policy
}
