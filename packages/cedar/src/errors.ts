/** What went wrong, as a closed set: a caller switches on it, a person reads `message`. */
export type CedarErrorCode =
  | 'syntax' // policy, schema or JSON text that does not parse
  | 'json' // JSON that is not a policy, entity, request or value of Cedar
  | 'schema' // an entity or a request that breaks the schema
  | 'entities' // a cycle, a conflict, an unknown entity
  | 'link' // a template, a link or a policy id that does not fit
  | 'unsupported' // a residual that SQL cannot say by the mapping given
  | 'limit' // larger, deeper or longer at work than allowed

/**
 * Every refusal of this package. `line` and `column` count from 1 (columns in UTF-16 units) where a text was given;
 * `path` points into a JSON value, `policy` names the policy concerned. Nothing is half-loaded when it is thrown.
 */
export class CedarError extends Error {
  readonly code: CedarErrorCode
  readonly line: number | undefined
  readonly column: number | undefined
  readonly policy: string | undefined
  readonly help: string | undefined
  override readonly name = 'CedarError'

  constructor(
    code: CedarErrorCode,
    message: string,
    place: { line?: number; column?: number; policy?: string; help?: string } = {},
  ) {
    super(place.line === undefined ? message : `${message} (line ${place.line}, column ${place.column})`)
    this.code = code
    this.line = place.line
    this.column = place.column
    this.policy = place.policy
    this.help = place.help
  }
}

/** Line and column (from 1, UTF-16 units) of an offset in a text. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    start = at + 1
  }
  return { line, column: offset - start + 1 }
}

/** The UTF-16 offset of a UTF-8 byte offset: the reference counts bytes. */
export function offsetOfByte(text: string, byte: number): number {
  let bytes = 0
  let at = 0
  while (at < text.length && bytes < byte) {
    const code = text.codePointAt(at) as number
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    at += code < 0x10000 ? 1 : 2
  }
  return at
}

/** An evaluation error: skips its policy and is reported. Not an `Error`: it carries no stack, so it costs little. */
export class EvaluationFault {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}
