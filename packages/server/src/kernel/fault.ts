/** One row of a room's table of faults: the HTTP status and the public sentence, which says what to do next. */
export interface FaultKind {
  readonly status: number
  readonly says: string
}

/** A table of faults of one room: code (`room.what_is_wrong`) to kind. */
export type FaultTable = Readonly<Record<string, FaultKind>>

const known = new Map<string, FaultKind>()

/**
 * Registers a room's table; the codes become valid for `Fault`. Codes are unique across rooms.
 * @throws {TypeError} when a code is defined twice
 */
export function defineFaults<const T extends FaultTable>(table: T): T {
  for (const [code, kind] of Object.entries(table)) {
    if (known.has(code)) throw new TypeError(`fault ${code} is defined twice`)
    known.set(code, kind)
  }
  return table
}

/** Every fault that any loaded room can answer with: for the documentation and the test that compares the two. */
export function allFaults(): ReadonlyMap<string, FaultKind> {
  return known
}

export interface FaultOptions {
  /** Goes to the log only. */
  cause?: unknown
  /** A public sentence more particular than the table's: names the field, the place, the id. Never a secret. */
  detail?: string
  /** Public members of the problem document beside the standard ones, such as `errors: [{ pointer, detail }]`. */
  extra?: Record<string, unknown>
  /** `Retry-After`, in seconds. */
  retryAfterSeconds?: number
}

/** What went wrong, with a public text apart from its cause. A caller's bug is a `TypeError` instead. */
export class Fault extends Error {
  readonly code: string
  readonly status: number
  readonly says: string
  readonly detail: string | undefined
  readonly extra: Record<string, unknown> | undefined
  readonly retryAfterSeconds: number | undefined
  constructor(code: string, options: FaultOptions = {}) {
    const kind = known.get(code)
    if (kind === undefined) throw new TypeError(`unknown fault ${code}: list it in its room's table`)
    super(options.detail ?? kind.says, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Fault'
    this.code = code
    this.status = kind.status
    this.says = kind.says
    this.detail = options.detail
    this.extra = options.extra
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

export function isFault(error: unknown, code?: string): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code)
}
