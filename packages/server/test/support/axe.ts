import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe-core finds wrong with a page as it stands: `rule: elements`, each in at most `most` characters of markup. */
export async function findViolations(page: Page, most = 2_000): Promise<string[]> {
  if (!(await page.evaluate('typeof axe === "object"'))) await page.evaluate(axe)
  const run = `axe.run(document, { runOnly: ${JSON.stringify(tags)}, resultTypes: ['violations'] })`
  const told = `v.id + ': ' + v.nodes.map((n) => n.html.slice(0, ${most})).join(' | ')`
  return (await page.evaluate(`${run}.then((r) => r.violations.map((v) => ${told}))`)) as string[]
}

/** Fails for what axe-core finds wrong with a page as it stands, and where it scrolls sideways. */
export async function judgeAt(page: Page, what: string, width: number, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme })
  await page.setViewportSize({ width, height: 760 })
  const found = await findViolations(page)
  assert.deepEqual(found, [], `${what} at ${width}`)
  const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  assert.equal(wide, 0, `${what} at ${width} scrolls sideways (WCAG 1.4.10)`)
}
