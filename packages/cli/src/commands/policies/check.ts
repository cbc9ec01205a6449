import { styleText } from 'node:util'
import type { PlacedProblem } from '../../failure.ts'
import { plain, renderPlaced } from '../../output/plain.ts'

export interface TestResult {
  readonly name: string
  readonly file: string
  readonly line: number
  readonly passed: boolean
  readonly decision: string
  readonly because: readonly string[]
}

/** What checking a bundle found, as `policies.validate` and `policies.apply` answer it. */
export interface CheckReport {
  readonly problems?: readonly PlacedProblem[]
  readonly warnings: readonly PlacedProblem[]
  readonly tests: readonly TestResult[]
}

export function renderCheck(check: CheckReport): string {
  const failed = check.tests.filter((result) => !result.passed)
  const lines = [
    ...(check.problems ?? []).map((problem) => `${styleText('red', 'error')}    ${renderPlaced(problem)}`),
    ...check.warnings.map((problem) => `${styleText('yellow', 'warning')}  ${renderPlaced(problem)}`),
    ...failed.map((result) => {
      const because = result.because.length > 0 ? `, because of ${result.because.map(plain).join(', ')}` : ''
      const place = `${plain(result.file)}:${result.line}`
      return `${styleText('red', 'failed')}   ${place}: ${plain(result.name)}: ${plain(result.decision)}${because}`
    }),
  ]
  if (check.tests.length > 0) lines.push(`${check.tests.length - failed.length} of ${check.tests.length} tests passed`)
  return lines.join('\n')
}
