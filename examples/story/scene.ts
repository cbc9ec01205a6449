import assert from 'node:assert/strict'
import { type Received, type Sending, send } from './http.ts'
import type { Stage } from './stage.ts'
import type { Teller } from './teller.ts'

/** What every chapter has at hand. */
export interface Scene {
  readonly stage: Stage
  readonly teller: Teller
  readonly browser: unknown
  readonly pictures?: string
}

/** How long something took, with what came of it. */
export async function timed<T>(work: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const started = performance.now()
  const value = await work()
  return { value, ms: performance.now() - started }
}

/** Asks again and again until it holds. @returns milliseconds until it did, @throws after `withinMs` */
export async function untilTrue(what: string, withinMs: number, holds: () => Promise<boolean>): Promise<number> {
  const started = performance.now()
  for (;;) {
    if (await holds()) return performance.now() - started
    assert.ok(performance.now() - started < withinMs, `not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** A program's request through the gateway, with its token. */
export function withToken(stage: Stage, token: string, path: string, options: Sending = {}): Promise<Received> {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json', ...options.headers }
  return send(`${stage.origin}${path}`, { ...options, headers })
}

/** Why the gateway said no. */
export function reasonOf({ headers, body }: Received): string {
  const reason = headers['gatehouse-reason']
  assert.ok(typeof reason === 'string' && reason !== '', `no reason in the answer: ${body}`)
  return reason
}

export function requestIdOf({ headers }: Received): string {
  const id = headers['x-request-id']
  assert.ok(typeof id === 'string' && id !== '', 'no request id in the answer')
  return id
}
