/** One thing wrong in a file that somebody wrote: where it stands and what to do about it. Lines and columns count from 1. */
export interface FileProblem {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly says: string
  readonly help?: string
}

/** How many problems are told at once. */
export const problemsMost = 50

/** Collects what is wrong in a set of files, so that all of it is told at once. */
export class Problems {
  readonly list: FileProblem[] = []

  add(problem: FileProblem): undefined {
    if (this.list.length < problemsMost) this.list.push(problem)
    return undefined
  }

  /** A problem of a whole file, told at its first line. */
  ofFile(file: string, says: string, help?: string): undefined {
    return this.add({ file, line: 1, column: 1, says, ...(help !== undefined && { help }) })
  }

  get any(): boolean {
    return this.list.length > 0
  }
}

/** `file:line:column: says`, as compilers print it; the first of several, with their number. */
export function sayProblems(problems: readonly FileProblem[]): string {
  const first = problems[0]
  if (first === undefined) return ''
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`
  return `${first.file}:${first.line}:${first.column}: ${first.says}${more}`
}

/** Line and column (from 1, UTF-16 units) of an offset. */
export function placeIn(text: string, offset: number): { line: number; column: number } {
  let line = 1
  let start = 0
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++
    start = at + 1
  }
  return { line, column: offset - start + 1 }
}
