import type { Command } from 'commander'
import { action } from '../session.ts'
import { runServerProgram } from './server-process.ts'

/** `gatehouse serve`: the server as a process of its own; this one ends with its code. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('start Gatehouse here; settings come from the environment or the file named by GATEHOUSE_CONFIG')
    .action(
      action<{ data?: string }>(async (_session, { data }) => {
        // Only what was said: the file of GATEHOUSE_CONFIG may name the directory.
        process.exitCode = await runServerProgram('main.ts', [], data === undefined ? {} : { GATEHOUSE_DATA: data })
      }),
    )
}
