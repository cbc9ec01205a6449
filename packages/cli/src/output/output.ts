import { styleText } from 'node:util'
import { Failure } from '../failure.ts'
import { plain, renderPlaced, visibleJson } from './plain.ts'
import { type Column, renderFields, renderTable } from './table.ts'

/** Where a command's answer goes: standard output in tables, or JSON with `--json`; remarks go to standard error. */
export class Output {
  readonly json: boolean
  constructor(json: boolean) {
    this.json = json
  }

  /** The answer: `value` as JSON, or the text a person reads. */
  answer(value: unknown, text: () => string): void {
    const shown = this.json ? visibleJson(value, 2) : text()
    if (shown !== '') process.stdout.write(`${shown}\n`)
  }

  table<T>(columns: readonly Column<T>[], rows: readonly T[], none = 'Nothing found'): void {
    if (rows.length === 0 && !this.json) this.remark(none)
    else this.answer(rows, () => renderTable(columns, rows, process.stdout.columns))
  }

  fields(value: unknown, fields: readonly (readonly [string, unknown])[]): void {
    this.answer(value, () => renderFields(fields))
  }

  /** One item of a stream: a JSON value a line, or a line of text. */
  line(value: unknown, text: () => string): void {
    process.stdout.write(`${this.json ? visibleJson(value) : text()}\n`)
  }

  /** Something done, for people only. */
  done(value: unknown, text: string): void {
    this.answer(value ?? { done: true }, () => `${styleText('green', '✓')} ${text}`)
  }

  remark(text: string): void {
    if (!this.json) process.stderr.write(`${text}\n`)
  }
}

/** Tells why a command failed, on standard error: as JSON with `--json`, else in up to six lines. */
export function renderFailure(error: unknown, json: boolean): string {
  const failure = error instanceof Failure ? error : new Failure(error instanceof Error ? error.message : String(error))
  if (json) {
    const { message: title, exit, detail, requestId, next, problem } = failure
    return JSON.stringify(
      { error: { title, exit, detail, requestId, next, ...(problem && { problem }) } },
      undefined,
      2,
    )
  }
  const lines = [`${styleText('red', 'Error:', { stream: process.stderr })} ${plain(failure.message)}`]
  if (failure.detail !== undefined) lines.push(`  ${plain(failure.detail)}`)
  for (const found of failure.problem?.errors ?? []) {
    const where = [found.pointer, found.property].filter((part) => part !== undefined).join(' ')
    const text = `${plain(where)}: ${plain(found.detail)}`
    if (failure.detail === undefined || !failure.detail.includes(found.detail ?? '')) lines.push(`  ${text}`)
  }
  for (const found of failure.problem?.problems ?? []) lines.push(`  ${renderPlaced(found)}`)
  if (failure.requestId !== undefined) lines.push(`  Request: ${plain(failure.requestId)}`)
  if (failure.next !== undefined) lines.push(`  Next:    ${plain(failure.next)}`)
  return lines.join('\n')
}
