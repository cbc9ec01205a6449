import { CommanderError } from 'commander'
import { exits, Failure, usage } from './failure.ts'
import { renderFailure } from './output/output.ts'
import { buildProgram } from './program.ts'

export { exits } from './failure.ts'
export { buildProgram } from './program.ts'

/** Runs the command line of this process and sets its exit code (0 done, 1 failed, 2 usage, 3 denied, 4 not found, 5 unreachable). */
export async function run(argv: readonly string[] = process.argv): Promise<void> {
  // A reader that closes early (`gatehouse events | head`) ends the command quietly.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  const json = argv.includes('--json')
  try {
    await buildProgram({ quiet: json }).parseAsync([...argv])
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? exits.ok : exits.usage
      if (json && error.exitCode !== 0) process.stderr.write(`${renderFailure(asUsage(error), true)}\n`)
      return
    }
    process.stderr.write(`${renderFailure(error, json)}\n`)
    process.exitCode = error instanceof Failure ? error.exit : exits.failed
    if (!(error instanceof Failure) && process.env.DEBUG !== undefined) console.error(error)
  }
}

const asUsage = ({ message }: CommanderError) => usage(message.replace(/^error: /, ''), 'Add --help for what it takes')
