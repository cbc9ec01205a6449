import type { Objective, Severity } from '../slos/objective.ts'

/** Something a person should look at: opened once, seen again and again, resolved by itself. */
export interface Alert {
  readonly id: string
  /** What it is about: while one is open, no second one with the same identity opens. */
  readonly identity: string
  readonly severity: Severity
  readonly objective: string
  readonly component: Objective['component']
  /** What probably brought it about: a policy bundle that was activated, the platform. */
  readonly cause?: Cause
  readonly says: string
  readonly runbook: string
  readonly state: 'open' | 'resolved'
  readonly startedAtMs: number
  readonly seenAtMs: number
  readonly endedAtMs?: number
  /** Who looks after it; escalation stops. */
  readonly acknowledgedBy?: string
  /** The silence that keeps it from being delivered. */
  readonly silencedBy?: string
}

export interface Cause {
  readonly kind: 'policy-deploy' | 'platform'
  /** An application's name, or the objective that is down. */
  readonly subject: string
  readonly atMs: number
}

/** Keeps what it matches from being delivered until it ends; it still opens and is on record. */
export interface Silence {
  readonly id: string
  readonly objective?: string
  readonly component?: string
  readonly why: string
  readonly by: string
  readonly untilMs: number
  readonly createdAtMs: number
}

export const silences = (silence: Silence, alert: Pick<Alert, 'objective' | 'component'>, nowMs: number): boolean =>
  silence.untilMs > nowMs &&
  (silence.objective === undefined || silence.objective === alert.objective) &&
  (silence.component === undefined || silence.component === alert.component)

/** One bad deploy is one alert, however many objectives it hurts; one that comes to hurt enough for a page pages beside its ticket. */
export function identityOf(objective: Objective, severity: Severity, cause: Cause | undefined): string {
  if (cause?.kind === 'policy-deploy') return `${severity === 'page' ? 'page:' : ''}policy-deploy:${cause.subject}`
  return `${severity}:${objective.name}`
}
