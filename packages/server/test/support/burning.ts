// Which alarms the server's own objectives raise for what some instruments say now: without a server around them.
import type { Meter } from '#kernel'
import { burning } from '../../src/observability/slos/burn.ts'
import { Counting } from '../../src/observability/slos/counting.ts'
import { Minutes, minuteMs } from '../../src/observability/slos/minutes.ts'
import { ownObjectives } from '../../src/observability/slos/objectives.ts'
import { Reading } from '../../src/observability/slos/read-counts.ts'

/** As `{ 'audit-integrity': 'page' }`; empty when all is well. */
export async function alarmsOf(meter: Meter): Promise<Record<string, string>> {
  const nowMs = 1_800_000_000_000
  const reading = new Reading(meter)
  const alarms: Record<string, string> = {}
  for (const objective of ownObjectives) {
    const count = await reading.count(objective)
    if (count === undefined || objective.indicator.kind === 'monthly') continue
    const counting = new Counting()
    counting.add(objective, count, nowMs)
    const minutes = new Minutes()
    for (const { width, bucket, bad, total } of counting.rows())
      if (width === minuteMs) minutes.set(bucket, { bad, total })
    const found = burning(objective, minutes, nowMs)
    if (found !== undefined) alarms[objective.name] = found.severity
  }
  return alarms
}
