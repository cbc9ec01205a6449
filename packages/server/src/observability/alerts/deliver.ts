import { createHmac } from 'node:crypto'
import type { Post } from '#authentication'
import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import type { Outgoing } from '#web'
import type { Receiver } from '../slos/slo-file.ts'
import { findAlert } from './alert.store.ts'
import type { Alert } from './alert.ts'
import { type Delivery, settleDelivery, takeDelivery, type What } from './delivery.store.ts'
import { runbookAddress } from './runbook.ts'

export interface DeliverDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly outgoing: Outgoing
  /** The mail server; undefined where there is none. */
  readonly post: Post | undefined
  readonly receivers: readonly Receiver[]
  /** Public address: links of the message begin with it. */
  readonly url: string
  readonly onError: (where: string, error: unknown) => void
}

const heldMs = 60_000
/** Tries before a message is dropped: with the pauses below, about a day. */
const mostAttempts = 30
const pauseMs = (attempts: number) => Math.min(3_600_000, 5_000 * 2 ** Math.min(attempts, 10))

/** Sends what is due, one after the other; what fails is due again later, longer each time. @returns how many were sent */
export async function deliverDue(deps: DeliverDeps): Promise<number> {
  const { storage, clock } = deps
  for (let sent = 0; ; ) {
    const nowMs = clock.nowMs()
    const delivery = await storage.transact((tx) => takeDelivery(tx, nowMs, nowMs + heldMs))
    if (delivery === undefined) return sent
    const problem = await attempt(deps, delivery).catch((error: unknown) => error)
    if (problem === undefined) sent++
    await storage.transact((tx) => settle(tx, delivery, clock.nowMs(), problem))
    if (problem !== undefined) deps.onError(`alert to ${delivery.receiver}`, problem)
  }
}

async function settle(tx: Parameters<typeof settleDelivery>[0], delivery: Delivery, nowMs: number, problem: unknown) {
  if (problem === undefined) return settleDelivery(tx, delivery.id, { state: 'sent' })
  const says = problem instanceof Error ? problem.message : String(problem)
  if (delivery.attempts >= mostAttempts) return settleDelivery(tx, delivery.id, { state: 'dropped' }, says)
  const dueAtMs = nowMs + pauseMs(delivery.attempts)
  return settleDelivery(tx, delivery.id, { state: 'waiting', dueAtMs }, says)
}

async function attempt(deps: DeliverDeps, { alertId, what, receiver: name }: Delivery): Promise<undefined> {
  const alert = await findAlert(deps.storage.db, alertId)
  const receiver = deps.receivers.find((one) => one.name === name)
  // Nobody is there to tell any more, or it was acknowledged meanwhile.
  if (alert === undefined || receiver === undefined) return undefined
  if (what === 'escalated' && (alert.acknowledgedBy !== undefined || alert.state === 'resolved')) return undefined
  await sendAlert(deps, receiver, alert, what)
  return undefined
}

/**
 * Posts one alert as JSON. `Gatehouse-Signature: t=<seconds>,v1=<hex>` is the HMAC-SHA-256 of `<seconds>.<body>` under the
 * receiver's secret. `identity` is the key to de-duplicate by: the same until it is resolved.
 */
export async function sendAlert(
  deps: Pick<DeliverDeps, 'outgoing' | 'clock' | 'url' | 'post'>,
  receiver: Receiver,
  alert: Alert,
  what: What,
): Promise<void> {
  if (receiver.mail !== undefined) await mailAlert(deps, receiver.mail, alert, what)
  if (receiver.webhook === undefined) return
  const body = JSON.stringify({
    what,
    ...alert,
    runbook: runbookAddress(deps.url, alert.runbook),
    link: `${deps.url}/console/alerts`,
  })
  const seconds = Math.floor(deps.clock.nowMs() / 1_000)
  const signature =
    receiver.secret && createHmac('sha256', receiver.secret.reveal()).update(`${seconds}.${body}`).digest('hex')
  const reply = await deps.outgoing.send(receiver.webhook, {
    body,
    headers: {
      'content-type': 'application/json',
      ...(signature && { 'gatehouse-signature': `t=${seconds},v1=${signature}` }),
    },
  })
  if (reply.status < 200 || reply.status > 299) throw new Error(`${receiver.name} answered ${reply.status}`)
}

async function mailAlert(
  { post, url }: Pick<DeliverDeps, 'post' | 'url'>,
  addresses: readonly string[],
  alert: Alert,
  what: What,
): Promise<void> {
  if (post === undefined) throw new Error('there is no mail server (GATEHOUSE_SMTP)')
  const text = `${alert.says}

${alert.severity}, ${alert.component}, ${what} at ${new Date(alert.endedAtMs ?? alert.startedAtMs).toISOString()}
Alert:   ${url}/console/alerts
Runbook: ${runbookAddress(url, alert.runbook)}
`
  const subject = `[${alert.severity}] ${alert.objective}: ${what}`
  for (const address of addresses) await post.send(address, { subject, text })
}
