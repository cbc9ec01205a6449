import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { buildProgram } from '../program.ts'
import { renderCompletion, shells } from './scripts.ts'
import { readTree } from './tree.ts'

const tree = readTree(buildProgram())

/** What bash offers after these words, by running its script in a real bash. */
function completeInBash(...words: string[]): string[] {
  const script = `${renderCompletion('bash', tree)}
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gatehouse; printf '%s\\n' "\${COMPREPLY[@]}"`
  const done = spawnSync('bash', ['-c', script, 'bash', ...words], { encoding: 'utf8' })
  assert.equal(done.stderr, '')
  return done.stdout.split('\n').filter((line) => line !== '')
}

test('every command of the tree stands in the script of every shell, and nothing of the help command', () => {
  for (const shell of shells) {
    const script = renderCompletion(shell, tree)
    for (const node of tree) for (const { word } of node.commands) assert.match(script, new RegExp(`\\b${word}\\b`))
  }
})

test('bash: command words, subcommands behind common options with values, options and fixed values are offered', () => {
  assert.deepEqual(completeInBash('gatehouse', 'who'), ['whoami'])
  assert.deepEqual(completeInBash('gatehouse', '--data', '/srv/data', 'who'), ['whoami'])
  assert.deepEqual(completeInBash('gatehouse', 'completion', ''), ['bash', 'zsh', 'fish'])
  assert.deepEqual(completeInBash('gatehouse', 'whoami', '--js'), ['--json'])
})

test('the scripts are valid to the shells that are installed here', (t) => {
  for (const shell of shells) {
    if (spawnSync(shell, ['--version']).error !== undefined) {
      t.diagnostic(`${shell} is not installed here: its script was not parsed`)
      continue
    }
    const done = spawnSync(shell, ['-n'], { input: renderCompletion(shell, tree), encoding: 'utf8' })
    assert.equal(done.status, 0, `${shell}: ${done.stderr}`)
  }
})
