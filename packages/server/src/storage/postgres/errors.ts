import { Fault, isFault } from '#kernel'
import '../faults.ts'

/** SQLSTATE serialization_failure and deadlock_detected: run the body again. */
export function isConflict(error: unknown): boolean {
  const code = (error as { code?: unknown })?.code
  return code === '40001' || code === '40P01'
}

/** PostgreSQL SQLSTATE classes (Appendix A of its manual) that are not the statement's own fault. */
export function toFault(error: unknown): unknown {
  if (isFault(error)) return error
  if (isConflict(error)) return new Fault('storage.contended', { cause: error, retryAfterSeconds: 1 })
  const code = (error as { code?: unknown })?.code
  const message = error instanceof Error ? error.message : ''
  if (typeof code !== 'string') {
    const lost =
      /timeout exceeded when trying to connect|Connection terminated|Client has encountered a connection error/
    return lost.test(message) ? new Fault('storage.unavailable', { cause: error, retryAfterSeconds: 1 }) : error
  }
  if (code === '53100') return new Fault('storage.full', { cause: error })
  const unavailable =
    /^(08|53|57P|25P03)/.test(code) || ['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE'].includes(code)
  return unavailable ? new Fault('storage.unavailable', { cause: error, retryAfterSeconds: 1 }) : error
}
