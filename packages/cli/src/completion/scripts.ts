import type { Node } from './tree.ts'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The completion script of a shell: complete in itself, it runs no command while the user types. */
export function renderCompletion(shell: Shell, tree: readonly Node[]): string {
  return { bash: renderBash, zsh: renderZsh, fish: renderFish }[shell](tree)
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
const key = (node: Node) => node.path.join(' ')
const inner = (tree: readonly Node[]) => tree.filter((node) => node.path.length > 0)

/** Shell words that walk from the typed words to `path`, skipping options and their values. Bash and zsh share it. */
function renderWalk(tree: readonly Node[], words: string): string {
  const takes = new Set(
    tree.flatMap((node) => node.options.filter((option) => option.takesValue).map((option) => option.word)),
  )
  return `  for word in ${words}; do
    if [ -n "$skip" ]; then skip=; continue; fi
    case "$word" in
      ${[...takes].sort().join('|')}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "\${at:+$at }$word" in
      ${inner(tree)
        .map((node) => quote(key(node)))
        .join('|')}) at="\${at:+$at }$word" ;;
    esac
  done`
}

function renderBash(tree: readonly Node[]): string {
  const cases = tree.map((node) => {
    const plain = [...node.commands.map(({ word }) => word), ...node.values].join(' ')
    const options = node.options.map(({ word }) => word).join(' ')
    return `    ${quote(key(node))}) plain=${quote(plain)} options=${quote(options)} files=${node.files ? 1 : ''} ;;`
  })
  const values = optionValues(tree).map(
    ([word, given]) => `    ${word}) COMPREPLY=($(compgen -W ${quote(given.join(' '))} -- "$cur")); return ;;`,
  )
  return `# bash completion for gatehouse: source <(gatehouse completion bash)
_gatehouse() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} at= word= skip= plain= options= files=
  case "$previous" in
${values.join('\n')}
    --data) COMPREPLY=($(compgen -d -- "$cur")); return ;;
  esac
${renderWalk(tree, `"\${COMP_WORDS[@]:1:COMP_CWORD-1}"`)}
  case "$at" in
${cases.join('\n')}
  esac
  case "$cur" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$cur")) ;;
    *) COMPREPLY=($(compgen -W "$plain" -- "$cur")); [ -n "$files" ] && COMPREPLY+=($(compgen -f -- "$cur")) ;;
  esac
}
complete -F _gatehouse gatehouse
`
}

function renderZsh(tree: readonly Node[]): string {
  const entry = (word: string, says: string) => quote(`${word.replaceAll(':', '\\:')}:${says}`)
  const cases = tree.map((node) => {
    const plain = [...node.commands, ...node.values.map((word) => ({ word, says: '' }))]
    return `    ${quote(key(node))})
      plain=(${plain.map(({ word, says }) => entry(word, says)).join(' ')})
      options=(${node.options.map(({ word, says }) => entry(word, says)).join(' ')})
      files=${node.files ? 1 : ''} ;;`
  })
  const values = optionValues(tree).map(([word, given]) => `    ${word}) compadd -- ${given.join(' ')}; return ;;`)
  return `#compdef gatehouse
# zsh completion for gatehouse: gatehouse completion zsh > "\${fpath[1]}/_gatehouse"
_gatehouse() {
  local at= word= skip= files=
  local -a plain options
  case "\${words[CURRENT-1]}" in
${values.join('\n')}
    --data) _files -/; return ;;
  esac
${renderWalk(tree, `"\${(@)words[2,CURRENT-1]}"`)}
  case "$at" in
${cases.join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then _describe option options
  else
    (( \${#plain} )) && _describe command plain
    [[ -n $files ]] && _files
  fi
}
compdef _gatehouse gatehouse
`
}

function renderFish(tree: readonly Node[]): string {
  const lines = tree.flatMap((node) => {
    const when = `-n ${quote(`__gatehouse_at ${quote(key(node))}`)}`
    return [
      ...node.commands.map(({ word, says }) => `complete -c gatehouse -f ${when} -a ${word} -d ${quote(says)}`),
      ...node.values.map((word) => `complete -c gatehouse -f ${when} -a ${word}`),
      ...(node.files ? [`complete -c gatehouse -F ${when}`] : []),
      ...node.options.map(({ word, says, takesValue, values }) => {
        const given = values.length > 0 ? ` -a ${quote(values.join(' '))}` : ''
        return `complete -c gatehouse ${when} -l ${word.slice(2)}${takesValue ? ' -r' : ''}${given} -d ${quote(says)}`
      }),
    ]
  })
  return `# fish completion for gatehouse: gatehouse completion fish > ~/.config/fish/completions/gatehouse.fish
function __gatehouse_at
  set -l path
  for word in (commandline -opc)[2..]
    switch $word
      case '-*'
        continue
      case '*'
        contains -- (string join ' ' $path $word) ${inner(tree)
          .map((node) => quote(key(node)))
          .join(' ')}
        and set path $path $word
    end
  end
  test (string join ' ' $path) = "$argv[1]"
end
complete -c gatehouse -f
${lines.join('\n')}
`
}

function optionValues(tree: readonly Node[]): [string, readonly string[]][] {
  const found = new Map<string, Set<string>>()
  for (const node of tree)
    for (const option of node.options)
      if (option.values.length > 0)
        found.set(option.word, new Set([...(found.get(option.word) ?? []), ...option.values]))
  return [...found].map(([word, values]) => [word, [...values]])
}
