// Every runbook is there, has its parts, and each command of its console blocks does something on a real server.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startChildServer } from '../../../../bench/support/child-server.ts'
import { buildProgram } from '../../../cli/src/program.ts'
import { dashboards } from '../../src/observability/dashboards/grafana.ts'
import { ownObjectives } from '../../src/observability/slos/objectives.ts'

const root = fileURLToPath(new URL('../../../../docs/runbooks/', import.meta.url))
const launcher = fileURLToPath(new URL('../../../cli/bin/gatehouse.mjs', import.meta.url))
const files = readdirSync(root).filter((name) => name.endsWith('.md'))
const text = new Map(files.map((name) => [name, readFileSync(join(root, name), 'utf8')]))

test('every objective and every panel that names a runbook has one, with symptom, check, act and verify', () => {
  const named = [
    ...ownObjectives.map(({ runbook }) => runbook),
    ...dashboards(ownObjectives).flatMap(({ panels }) => panels.flatMap(({ runbook }) => runbook ?? [])),
  ]
  for (const name of named) assert.ok(text.has(`${name}.md`), name)
  for (const [name, body] of text) {
    assert.match(body, /^# .+\n\n\*\*Symptom\.\*\* .+/, name)
    const parts = [...body.matchAll(/^## (.+)$/gm)].map(([, part]) => part)
    assert.deepEqual(parts, ['Check', 'Act', 'Verify'], name)
    for (const [, link] of body.matchAll(/\]\(([a-z-]+\.md)\)/g))
      assert.ok(text.has(link as string), `${name}: ${link}`)
  }
})

/** Words as a shell splits them. */
const words = (line: string) => [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')

test('commands that runbooks name in their sentences exist, with these options', () => {
  for (const [name, body] of text)
    for (const [, line] of body.matchAll(/`gatehouse ([^`]+)`/g)) {
      let command = buildProgram()
      for (const word of words(line as string)) {
        const next = command.commands.find((child) => child.name() === word)
        if (next !== undefined) command = next
        else if (word.startsWith('--'))
          assert.ok(
            command.options.some(({ long }) => long === word),
            `${name}: ${line} (${word})`,
          )
        else
          assert.ok(command.parent !== null && /^[A-Z]+$|^[a-z]+$|^\d+[smhd]$/.test(word), `${name}: ${line} (${word})`)
      }
      const acts = (command as unknown as { _actionHandler: unknown })._actionHandler !== null
      assert.ok(acts, `${name}: ${line}`)
    }
})

test('every command of the console blocks does its work on a server that runs', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-runbooks-'))
  const server = await startChildServer({ data: join(home, 'data') })
  t.after(async () => {
    await server.stop()
    rmSync(home, { recursive: true, force: true })
  })
  const lines = [...text.values()].flatMap((body) =>
    [...body.matchAll(/^\$ gatehouse (.+)$/gm)].map(([, line]) => line as string),
  )
  const commands = [...new Set(lines)]
  assert.ok(commands.length > 8)
  for (const line of commands) {
    const child = spawn(process.execPath, [launcher, ...words(line)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', GATEHOUSE_DATA: server.data },
    })
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
    const code = await new Promise((resolve) => child.once('close', resolve))
    assert.equal(code, 0, `gatehouse ${line}: ${said}`)
  }
})
