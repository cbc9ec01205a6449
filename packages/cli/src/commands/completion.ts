import { Argument, type Command } from 'commander'
import { renderCompletion, type Shell, shells } from '../completion/scripts.ts'
import { readTree } from '../completion/tree.ts'
import { action } from '../session.ts'

/** `gatehouse completion <shell>`: prints the script that completes these commands. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'bash, zsh or fish').choices(shells))
    .action(
      action(async (_session, _options, shell) => {
        process.stdout.write(renderCompletion(shell as Shell, readTree(program)))
      }),
    )
}
