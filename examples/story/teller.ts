import { stripVTControlCharacters, styleText } from 'node:util'

/** Who hears the story: a person at a terminal, or a test. */
export interface Teller {
  chapter(title: string): void
  /** Something that happened, with how long it took where that matters. */
  tell(text: string, ms?: number): void
  /** What a request was answered. */
  answer(request: string, verdict: 'allowed' | 'denied' | 'refused', why: string, ms?: number): void
  /** Lines as a program printed them. */
  quote(text: string): void
  /** A figure that the story stands for. */
  figure(what: string, ms: number): void
}

const width = () => Math.min(110, process.stdout.columns ?? 100)

/** Tells it on standard output. */
export function terminalTeller(write: (line: string) => void = (line) => console.log(line)): Teller {
  let chapters = 0
  const line = (text: string, ms?: number) => {
    const time = ms === undefined ? '' : styleText('dim', formatMs(ms))
    const space = Math.max(2, width() - visible(text) - visible(time))
    write(ms === undefined ? text : text + ' '.repeat(space) + time)
  }
  return {
    chapter: (title) => {
      const head = `${styleText('cyan', String(++chapters).padStart(2))}  ${styleText('bold', title)}`
      write('')
      write(head)
    },
    tell: (text, ms) => {
      const lines = wrap(text, width() - 16)
      for (const [index, part] of lines.entries()) line(`    ${part}`, index === lines.length - 1 ? ms : undefined)
    },
    answer: (request, verdict, why, ms) => {
      const mark = {
        allowed: styleText('green', '✓ allowed'),
        denied: styleText('red', '✗ denied '),
        refused: styleText('red', '✗ refused'),
      }
      line(`    ${mark[verdict]}  ${request}`, ms)
      if (why !== '') for (const part of wrap(why, width() - 20)) write(`               ${styleText('dim', part)}`)
    },
    quote: (text) => {
      for (const part of text.trimEnd().split('\n')) write(`    ${styleText('dim', '│')} ${part}`)
    },
    figure: (what, ms) => line(`    ${styleText('yellow', '◆')} ${what}`, ms),
  }
}

export function formatMs(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1_000).toFixed(1)} s`
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
}

const visible = (text: string) => [...stripVTControlCharacters(text)].length

function wrap(text: string, most: number): string[] {
  const lines: string[] = []
  let current = ''
  for (const word of text.split(' ')) {
    if (current !== '' && visible(current) + visible(word) + 1 > most) {
      lines.push(current)
      current = word
    } else current = current === '' ? word : `${current} ${word}`
  }
  return [...lines, current]
}
