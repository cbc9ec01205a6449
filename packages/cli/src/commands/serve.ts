import type { Command } from 'commander'
import { action } from '../session.ts'
import { runServerProgram } from './server-process.ts'

/** `gatehouse serve`: the server as a process of its own; this one ends with its code. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('start Gatehouse here; settings come from the environment or the file named by GATEHOUSE_CONFIG')
    .action(
      action(async ({ data }) => {
        process.exitCode = await runServerProgram('main.ts', [], { GATEHOUSE_DATA: data })
      }),
    )
}
