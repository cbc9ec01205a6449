import { Failure } from '../../failure.ts'

/** What the log should be and is not. */
export function broken(what: string, cause?: unknown): Failure {
  return new Failure('The audit log does not verify', {
    detail: what,
    next: 'Keep what you have as evidence; see docs/audit.md, "When it does not verify"',
    cause,
  })
}
