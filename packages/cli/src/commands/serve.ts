import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { Failure } from '../failure.ts'
import { action } from '../session.ts'

/** `gatehouse serve`: the server as a process of its own; this one passes signals on and ends with its code. */
export function addServe(program: Command): void {
  program
    .command('serve')
    .description('start Gatehouse here; settings come from the environment or the file named by GATEHOUSE_CONFIG')
    .action(
      action(async ({ data }) => {
        const main = fileURLToPath(new URL('../../../server/src/main.ts', import.meta.url))
        if (!existsSync(main)) throw new Failure('The server is not installed beside this command')
        // GATEHOUSE_TOKEN is this command's, not the server's, which refuses settings that it does not know.
        const { GATEHOUSE_TOKEN: _, ...environment } = process.env
        const child = spawn(process.execPath, [main], {
          stdio: 'inherit',
          env: { ...environment, GATEHOUSE_DATA: data },
        })
        for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
        process.on('SIGTERM', () => child.kill('SIGTERM'))
        process.exitCode = await new Promise<number>((resolve, reject) => {
          child.once('error', reject)
          child.once('exit', (code, signal) => resolve(code ?? 128 + (constants.signals[signal ?? 'SIGTERM'] ?? 0)))
        })
      }),
    )
}
