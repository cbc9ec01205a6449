import { styleText } from 'node:util'
import type { Command } from 'commander'
import { exits } from '../../failure.ts'
import { plain } from '../../output/plain.ts'
import { action } from '../../session.ts'

type Status = 'ok' | 'warning' | 'failed'

interface Examination {
  readonly status: Status
  readonly findings: readonly {
    readonly check: string
    readonly status: Status
    readonly says: string
    readonly advice?: string
  }[]
}

const marks = { ok: ['✓', 'green'], warning: ['!', 'yellow'], failed: ['✗', 'red'] } as const

/** `gatehouse doctor`: what is wrong with the installation and what to do. Ends with 1 when something failed. */
export function addDoctor(program: Command): void {
  program
    .command('doctor')
    .description('examine the installation: what is wrong and what to do; exit code 1 when something failed')
    .action(
      action(async ({ client, out }) => {
        const { body } = await client.get<Examination>('/api/doctor')
        out.answer(body, () => body.findings.map(renderFinding).join('\n'))
        if (body.status === 'failed') process.exitCode = exits.failed
      }),
    )
}

function renderFinding({ check, status, says, advice }: Examination['findings'][number]): string {
  const [mark, colour] = marks[status]
  const next = advice === undefined || status === 'ok' ? '' : `\n    ${styleText('dim', `→ ${plain(advice)}`)}`
  return `${styleText(colour, mark)} ${plain(check).padEnd(22)} ${plain(says)}${next}`
}
