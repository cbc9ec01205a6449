import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

const css = readFileSync(new URL('assets/style.css', import.meta.url), 'utf8')
const [light, dark] = [...css.matchAll(/:root\s*\{([^}]*)\}/g)].map(([, body]) =>
  Object.fromEntries(
    [...(body as string).matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, hex]) => [name, hex]),
  ),
) as [Record<string, string>, Record<string, string>]

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(a: string, b: string): number {
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5].map((at) => {
      const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
      return value <= 0.040_45 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
    }) as [number, number, number]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

const text = [
  ['ink', 'paper'],
  ['ink', 'card'],
  ['ink', 'tint'],
  ['soft', 'paper'],
  ['soft', 'card'],
  ['accent', 'card'],
  ['accent', 'paper'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-hover'],
  ['wrong', 'card'],
  ['wrong', 'wrong-tint'],
  ['wrong', 'paper'],
  ['good', 'good-tint'],
] as const

for (const [theme, colours] of [
  ['light', light],
  ['dark', { ...light, ...dark }],
] as const) {
  test(`every pair of text and ground has a contrast of 4.5 or more, ${theme} (WCAG 2.2, 1.4.3)`, () => {
    for (const [front, back] of text) {
      const ratio = contrast(colours[front] as string, colours[back] as string)
      assert.ok(ratio >= 4.5, `${front} on ${back}: ${ratio.toFixed(2)}`)
    }
  })
  test(`edges of inputs and the focus ring have a contrast of 3 or more, ${theme} (WCAG 2.2, 1.4.11)`, () => {
    for (const [front, back] of [
      ['edge', 'card'],
      ['accent', 'card'],
      ['accent', 'paper'],
      ['wrong', 'card'],
    ] as const)
      assert.ok(contrast(colours[front] as string, colours[back] as string) >= 3, `${front} on ${back}`)
  })
}
