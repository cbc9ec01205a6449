import { styleText } from 'node:util'

/** One measured figure, as printed; `met` says whether the target holds, undefined when there is none. */
export interface Figure {
  readonly what: string
  readonly measured: string
  readonly target?: string
  readonly met?: boolean
}

export function printFigures(figures: readonly Figure[]): void {
  const widest = Math.max(...figures.map(({ what }) => what.length))
  const wide = Math.max(...figures.map(({ measured }) => measured.length))
  for (const { what, measured, target, met } of figures) {
    const mark = met === undefined ? ' ' : met ? styleText('green', '✓') : styleText('red', '✗')
    const aim = target === undefined ? '' : `   target ${target}`
    console.log(`${mark} ${what.padEnd(widest)}  ${measured.padEnd(wide)}${aim}`)
  }
}

/** Milliseconds with as many digits as mean something. */
export function formatMs(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`
}

export function formatRate(perSecond: number): string {
  return `${Math.round(perSecond).toLocaleString('en')}/s`
}
