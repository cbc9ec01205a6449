import { styleText } from 'node:util'
import { moment, plain } from '../../output/plain.ts'

export interface Uid {
  readonly type: string
  readonly id: string
}

/** A decision of the journal, as `GET /api/decisions` shows it. */
export interface Decision {
  readonly atMs: number
  readonly requestId: string
  readonly via: string
  readonly applicationId?: string
  readonly principal: Uid
  readonly action: Uid
  readonly resource: Uid
  readonly outcome: string
  readonly reasons: readonly string[]
  readonly errors: readonly string[]
  readonly bundle: string
  readonly tookMicros: number
}

const uid = ({ type, id }: Uid) => `${plain(type)}::"${plain(id)}"`

/** One decision on one line: when, the answer, who wanted what on what, and which policies decided. */
export function renderDecision(decision: Decision): string {
  const { principal, action, resource, outcome, reasons, errors } = decision
  const answer = styleText(outcome === 'allow' ? 'green' : 'red', plain(outcome).replace('_', ' by '))
  const because = reasons.length > 0 ? `because of ${reasons.map(plain).join(', ')}` : 'no policy permits it'
  const failed = errors.length > 0 ? `; these could not be evaluated: ${errors.map(plain).join(', ')}` : ''
  return [
    styleText('dim', moment(decision.atMs)),
    styleText('bold', `decision.${plain(decision.via)}`.padEnd(36)),
    `${answer}: ${uid(principal)} ${plain(action.id)} ${uid(resource)}`,
    styleText('dim', `${because}${failed} · ${(decision.tookMicros / 1_000).toFixed(2)} ms`),
  ].join('  ')
}
