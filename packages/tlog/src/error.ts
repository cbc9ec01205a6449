export type TlogErrorCode =
  | 'malformed' // not in the format of its specification
  | 'unsigned' // no signature of a trusted key
  | 'forged' // a trusted key's signature, a proof or a hash that does not verify
  | 'missing' // a tile or bundle that the checkpoint promises is not there
  | 'inconsistent' // two checkpoints that no append-only log can both have signed
  | 'too_large'

/** What is wrong with a log, note or proof; `code` can be matched, the message names the place. */
export class TlogError extends Error {
  readonly code: TlogErrorCode
  constructor(code: TlogErrorCode, message: string) {
    super(message)
    this.name = 'TlogError'
    this.code = code
  }
}
