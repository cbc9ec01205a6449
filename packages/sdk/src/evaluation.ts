/** A subject or resource as AuthZEN 1.0 names it. */
export interface EntityRef {
  readonly type: string
  readonly id: string
  readonly properties?: Readonly<Record<string, unknown>>
}

/** One question (AuthZEN 1.0, "Access Evaluation"). */
export interface Evaluation {
  readonly subject: EntityRef
  readonly action: { readonly name: string; readonly properties?: Readonly<Record<string, unknown>> }
  readonly resource: EntityRef
  readonly context?: Readonly<Record<string, unknown>>
}

/** What a decision asks of whoever enforces it. An obligation that is not known denies. */
export interface Obligation {
  /** Unique in one answer. */
  readonly id: string
  /** `step-up`, `notification`, `session_termination` or `custom`. */
  readonly type: string
  readonly properties: Readonly<Record<string, unknown>>
}

export interface EvaluationResult {
  readonly decision: boolean
  readonly obligations: readonly Obligation[]
  /** Where it was decided. */
  readonly by: 'centre' | 'local'
}

export interface AskOptions {
  /** Handed on as `X-Request-ID`, so that one id finds request and decision. Default: a new one. */
  readonly requestId?: string | undefined
  /** A consistency token: what was written up to there is seen. */
  readonly atLeast?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** Whoever decides: the centre over HTTP, or a replica in this process. */
export interface Decider {
  evaluate(evaluation: Evaluation, options?: AskOptions): Promise<EvaluationResult>
}
