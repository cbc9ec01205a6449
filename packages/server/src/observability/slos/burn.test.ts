import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { burning, burnRate } from './burn.ts'
import { Minutes, minuteMs } from './minutes.ts'
import type { Objective } from './objective.ts'
import { ownObjectives } from './objectives.ts'

const named = (name: string) => ownObjectives.find((one) => one.name === name) as Objective
const hour = 60 * minuteMs
const start = 1_800_000_000_000

/** `good` and `bad` events in each of the minutes before `start`, the newest last. */
function filled(...parts: { minutes: number; bad: number; total: number }[]): Minutes {
  const minutes = new Minutes()
  let at = start - parts.reduce((sum, part) => sum + part.minutes, 0) * minuteMs
  for (const part of parts)
    for (let index = 0; index < part.minutes; index++, at += minuteMs)
      minutes.set(at, { bad: part.bad, total: part.total })
  // Of a monthly objective, gauges say it.
  minutes.standing = parts.at(-1)
  return minutes
}

const now = start - 1

test('an outage after hours of calm pages within two minutes', () => {
  const calm = { minutes: 300, bad: 0, total: 100 }
  assert.equal(burning(named('decision-availability'), filled(calm), now), undefined)
  const found = burning(named('decision-availability'), filled(calm, { minutes: 2, bad: 100, total: 100 }), now)
  assert.equal(found?.severity, 'page')
  assert.equal(found?.rule.name, 'fast')
})

test('what is over pages no more: the short window must burn too', () => {
  const was = filled({ minutes: 10, bad: 100, total: 100 }, { minutes: 31, bad: 0, total: 100 })
  assert.notEqual(burning(named('decision-availability'), was, now)?.severity, 'page')
})

test('a slow leak is a ticket, and never a page', () => {
  const leak = filled({ minutes: 72 * 60, bad: 0.4, total: 100 })
  const found = burning(named('decision-availability'), leak, now)
  assert.equal(found?.severity, 'ticket')
})

test('twice the budget’s rate for a quarter of an hour is a ticket', () => {
  const found = burning(
    named('unexpected-denies'),
    filled({ minutes: 4_000, bad: 0, total: 100 }, { minutes: 15, bad: 3, total: 100 }),
    now,
  )
  assert.deepEqual([found?.severity, found?.rule.name], ['ticket', 'plain'])
})

test('a handful of events raises nothing: one failed sign-in of two is no outage', () => {
  assert.equal(burning(named('sign-in-success'), filled({ minutes: 2, bad: 1, total: 1 }), now), undefined)
})

test('an objective that never pages opens tickets at most', () => {
  for (const objective of ownObjectives.filter(({ severity }) => severity === 'ticket')) {
    const found = burning(objective, filled({ minutes: 60, bad: 100, total: 100 }), now)
    assert.equal(found?.severity, 'ticket', objective.name)
  }
})

test('every objective burns when everything is bad for an hour, and none when nothing is', () => {
  for (const objective of ownObjectives) {
    assert.notEqual(burning(objective, filled({ minutes: 60, bad: 100, total: 100 }), now), undefined, objective.name)
    assert.equal(burning(objective, filled({ minutes: 600, bad: 0, total: 100 }), now), undefined, objective.name)
  }
})

test('sums over a window equal a plain sum, whatever the order and gaps of the minutes', () => {
  const minute = fc.record({ at: fc.integer({ min: 0, max: 5_000 }), bad: fc.nat(5), good: fc.nat(5) })
  fc.assert(
    fc.property(fc.array(minute, { maxLength: 200 }), fc.integer({ min: 1, max: 4_320 }), (given, window) => {
      const sorted = [...new Map(given.map((one) => [one.at, one])).values()].sort((a, b) => a.at - b.at)
      const minutes = new Minutes()
      for (const { at, bad, good } of sorted) minutes.set(at * minuteMs, { bad, total: bad + good })
      const last = sorted.at(-1)?.at ?? 0
      const inside = sorted.filter(({ at }) => at > last - window)
      const expected = inside.reduce((sum, { bad, good }) => [sum[0]! + bad, sum[1]! + bad + good], [0, 0])
      const { bad, total } = minutes.over(last * minuteMs, window * minuteMs)
      assert.deepEqual([bad, total], expected)
    }),
  )
})

test('a series has as many equal steps as asked for, and loses nothing', () => {
  const series = filled({ minutes: 120, bad: 1, total: 2 }).series(now, 2 * hour, 24)
  assert.equal(series.length, 24)
  assert.equal(
    series.reduce((sum, { total }) => sum + total, 0),
    240,
  )
  assert.equal(burnRate({ bad: 0, total: 0 }, 0.99), 0)
})
