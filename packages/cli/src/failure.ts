/** What the shell is told. Stable: scripts branch on them. */
export const exits = { ok: 0, failed: 1, usage: 2, denied: 3, notFound: 4, unreachable: 5 } as const
export type Exit = (typeof exits)[keyof typeof exits]

/** What is wrong in a file, and where. */
export interface PlacedProblem {
  readonly file: string
  readonly line: number
  readonly column?: number
  readonly says: string
  readonly help?: string
}

/** A problem document (RFC 9457) as the server sends it. */
export interface Problem {
  readonly title?: string
  readonly status?: number
  readonly code?: string
  readonly detail?: string
  readonly requestId?: string
  /** Problems of files that were sent. */
  readonly problems?: readonly PlacedProblem[]
  readonly errors?: readonly { readonly pointer?: string; readonly detail?: string; readonly property?: string }[]
}

export interface FailureOptions {
  readonly exit?: Exit
  readonly detail?: string
  readonly requestId?: string
  /** What the reader can do about it. */
  readonly next?: string
  readonly problem?: Problem
  readonly cause?: unknown
}

/** Why a command did not do what was asked, told in full: what happened, where, by which request, and what to do next. */
export class Failure extends Error {
  readonly exit: Exit
  readonly detail: string | undefined
  readonly requestId: string | undefined
  readonly next: string | undefined
  readonly problem: Problem | undefined
  constructor(title: string, options: FailureOptions = {}) {
    super(title, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Failure'
    this.exit = options.exit ?? exits.failed
    this.detail = options.detail
    this.requestId = options.requestId
    this.next = options.next
    this.problem = options.problem
  }
}

/** Wrong arguments: exit 2. */
export function usage(title: string, next?: string): Failure {
  return new Failure(title, { exit: exits.usage, next })
}

/** Turns an error answer into a failure with the exit code and the advice that fit its status. */
export function failureOf(status: number, problem: Problem, requestId: string | undefined): Failure {
  const id = problem.requestId ?? requestId
  const exit =
    status === 401 || status === 403 ? exits.denied : status === 404 || status === 410 ? exits.notFound : exits.failed
  return new Failure(problem.title ?? `The server answered ${status}`, {
    exit,
    detail: problem.detail,
    requestId: id,
    next: adviceOn(status, id),
    problem: { status, ...problem },
  })
}

function adviceOn(status: number, requestId: string | undefined): string | undefined {
  const trail = requestId === undefined ? 'the server log' : `gatehouse events --request ${requestId}`
  switch (status) {
    case 401:
      return 'Log in again with "gatehouse login", set GATEHOUSE_TOKEN, or run where the data directory is (--data DIR)'
    case 403:
      return `Ask an owner for a role that allows this; see why with: ${trail}`
    case 404:
      return 'Check the name or id; the list command of the same noun shows what exists'
    case 412:
      return 'Somebody changed it meanwhile: look at it again, then repeat'
    case 429:
    case 503:
      return 'Wait a moment, then repeat; a change that was not acknowledged was not made'
  }
  return status >= 500 ? `The cause is in the server log under this request id; the trail: ${trail}` : undefined
}
