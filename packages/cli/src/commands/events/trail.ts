import { exits, Failure } from '../../failure.ts'
import type { Session } from '../../session.ts'
import { type Decision, renderDecision } from '../decisions/decision.ts'
import { type Event, renderEvent } from './event.ts'

type Step =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'decision'; readonly decision: Decision }

const atMs = (step: Step) => (step.kind === 'event' ? step.event.atMs : step.decision.atMs)

/** All that one request caused: what was decided on the way, and what changed, in the order of time. */
export async function showTrail({ client, out }: Session, requestId: string): Promise<void> {
  const steps: Step[] = []
  for await (const event of client.list<Event>('/api/events', { requestId, order: 'oldest' }, 1_000))
    steps.push({ kind: 'event', event })
  for await (const decision of client.list<Decision>('/api/decisions', { requestId }, 1_000))
    steps.push({ kind: 'decision', decision })
  steps.sort(
    (left, right) => atMs(left) - atMs(right) || (left.kind === right.kind ? 0 : left.kind === 'decision' ? -1 : 1),
  )
  if (steps.length === 0) {
    throw new Failure(`Nothing is recorded of request ${requestId}`, {
      exit: exits.notFound,
      next: 'The id is the X-Request-ID of the answer; requests that decide and change nothing leave no trail',
    })
  }
  out.answer(steps, () =>
    steps.map((step) => (step.kind === 'event' ? renderEvent(step.event) : renderDecision(step.decision))).join('\n'),
  )
}
