import type { Command } from 'commander'
import { buildProgram } from './program.ts'

/** docs/cli.md: every command with its options, made from the tree of commands. */
export function cliPage(): string {
  const program = buildProgram()
  const lines = [
    '# The command line',
    '',
    '`npx gatehouse …` in this repository. On the machine where Gatehouse runs nothing needs to be set up: the command reads the',
    'local credential that the server keeps in its data directory (mode 0600). Elsewhere `gatehouse login --url ADDRESS` signs you in',
    'once, in your browser; with several logins `--profile` says which. Programs give `--url` and `GATEHOUSE_TOKEN`. Every',
    'command takes `--json`. People, groups, machines and applications are named as `name`, `organization/name` or by id.',
    'This page is made from the code by `node tools/write-docs.ts`.',
    '',
    '| exit code | means |',
    '|---|---|',
    '| 0 | done (of `decide`: allowed) |',
    '| 1 | failed |',
    '| 2 | wrong usage |',
    '| 3 | denied (of `decide`: the answer is deny) |',
    '| 4 | not found |',
    '| 5 | Gatehouse cannot be reached |',
    '',
    'Completion: `source <(gatehouse completion bash)`; `gatehouse completion zsh` and `fish` print scripts for those.',
  ]
  for (const command of program.commands) lines.push('', ...section(command, 'gatehouse'))
  return `${lines.join('\n')}\n`
}

const cell = (text: string) => text.replaceAll('|', '\\|')

function section(command: Command, before: string): string[] {
  const name = `${before} ${command.name()}`
  const own = command.commands.length === 0 || command.options.length > 0 ? entry(command, before) : []
  const inner = command.commands.flatMap((child) => entry(child, name))
  return [`## ${name}`, '', `${command.description()}.`, '', '| command | does |', '|---|---|', ...own, ...inner]
}

function entry(command: Command, before: string): string[] {
  const args = command.registeredArguments.map((one) => `<${one.name()}${one.variadic ? '...' : ''}>`)
  const options = command.options.map((option) => `<br>\`${cell(option.flags)}\` ${cell(option.description)}`)
  const call = [before, command.name(), ...args].join(' ')
  return [`| \`${cell(call)}\` | ${cell(command.description())}${options.join('')} |`]
}
