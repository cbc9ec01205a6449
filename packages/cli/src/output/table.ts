import { styleText } from 'node:util'
import { plain } from './plain.ts'

export interface Column<T> {
  readonly title: string
  readonly of: (row: T) => unknown
  readonly align?: 'right'
}

const gap = '  '

/**
 * Rows in columns as wide as their contents; the last column is never padded. Headings only when there are rows.
 * @param width columns of the terminal; the widest column is cut to fit when they are known
 */
export function renderTable<T>(columns: readonly Column<T>[], rows: readonly T[], width?: number): string {
  if (rows.length === 0) return ''
  const cells = rows.map((row) => columns.map((column) => plain(column.of(row))))
  const titles = columns.map((column) => column.title.toUpperCase())
  const widths = titles.map((title, index) =>
    Math.max(title.length, ...cells.map((row) => [...(row[index] as string)].length)),
  )
  if (width !== undefined) {
    const over = widths.reduce((sum, one) => sum + one, 0) + gap.length * (widths.length - 1) - width
    const widest = widths.indexOf(Math.max(...widths))
    if (over > 0) widths[widest] = Math.max(12, (widths[widest] as number) - over)
  }
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => {
        const cut = fit(text, widths[index] as number)
        const space = ' '.repeat(Math.max(0, (widths[index] as number) - [...cut].length))
        return columns[index]?.align === 'right' ? space + cut : cut + space
      })
      .join(gap)
      .trimEnd()
  return [styleText('bold', line(titles)), ...cells.map(line)].join('\n')
}

/** One thing, a field a line. Empty fields are left out. */
export function renderFields(fields: readonly (readonly [string, unknown])[]): string {
  const shown = fields.map(([name, value]) => [name, plain(value)] as const).filter(([, text]) => text !== '')
  const widest = Math.max(0, ...shown.map(([name]) => name.length))
  return shown.map(([name, text]) => `${styleText('bold', name.padEnd(widest))}${gap}${text}`).join('\n')
}

function fit(text: string, width: number): string {
  const points = [...text]
  return points.length <= width ? text : `${points.slice(0, width - 1).join('')}…`
}
