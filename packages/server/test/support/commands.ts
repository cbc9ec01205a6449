import assert from 'node:assert/strict'
import { buildProgram } from '../../../cli/src/program.ts'

/** Words as a shell splits them. */
export const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')

/** Whether a command line of `gatehouse` is one: the command exists, acts, and has these options. */
export function assertIsCommand(line: string, where: string): void {
  const [program, ...rest] = words(line)
  assert.equal(program, 'gatehouse', `${where}: ${line}`)
  let command = buildProgram()
  while (rest.length > 0) {
    const next = command.commands.find((child) => child.name() === rest[0])
    if (next === undefined) break
    command = next
    rest.shift()
  }
  assert.ok(
    (command as unknown as { _actionHandler: unknown })._actionHandler !== null,
    `${where}: ${line} does nothing`,
  )
  const { operands, unknown } = command.parseOptions(rest)
  assert.deepEqual(unknown, [], `${where}: ${line}`)
  assert.ok(operands.length <= command.registeredArguments.length, `${where}: ${line} has too many words`)
}
