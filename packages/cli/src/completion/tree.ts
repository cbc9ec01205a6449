import type { Argument, Command, Option } from 'commander'

/** What may stand after a path of command words. */
export interface Node {
  /** Command words that lead here: `['user', 'list']`; empty for the program itself. */
  readonly path: readonly string[]
  readonly commands: readonly Word[]
  readonly options: readonly OptionWord[]
  /** Fixed values of the first argument, as in `completion bash|zsh|fish`. */
  readonly values: readonly string[]
  /** Whether the arguments name files or directories. */
  readonly files: boolean
}

export interface Word {
  readonly word: string
  readonly says: string
}

export interface OptionWord extends Word {
  readonly takesValue: boolean
  readonly values: readonly string[]
}

/** Every place in the tree of commands, the program itself first. Common options are offered everywhere. */
export function readTree(program: Command): readonly Node[] {
  const common = program.options.filter((option) => option.long !== '--version')
  const visit = (command: Command, path: readonly string[]): Node[] => {
    const commands = command.commands.filter((child) => child.name() !== 'help')
    const options = [...command.options, ...(path.length > 0 ? common : [])]
    const argument = command.registeredArguments[0]
    const node: Node = {
      path,
      commands: commands.map((child) => ({ word: child.name(), says: firstSentence(child.description()) })),
      options: [...options.map(readOption), { word: '--help', says: 'show help', takesValue: false, values: [] }],
      values: argument?.argChoices ?? [],
      files: isFile(argument),
    }
    return [node, ...commands.flatMap((child) => visit(child, [...path, child.name()]))]
  }
  return visit(program, [])
}

function readOption(option: Option): OptionWord {
  return {
    word: option.long ?? option.short ?? '',
    says: firstSentence(option.description),
    takesValue: option.required || option.optional,
    values: option.argChoices ?? [],
  }
}

function isFile(argument: Argument | undefined): boolean {
  return argument !== undefined && /^(dir|directory|file)$/.test(argument.name())
}

function firstSentence(text: string): string {
  return text.split(/[;(]/)[0]!.trim()
}
