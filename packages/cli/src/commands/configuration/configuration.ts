import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize, sep } from 'node:path'
import { createInterface } from 'node:readline/promises'
import type { Command } from 'commander'
import { bundleEndings, readTextFiles } from '../../client/bundle-files.ts'
import { exits, Failure, usage } from '../../failure.ts'
import { placedIn } from '../../output/placed.ts'
import { whileWaiting } from '../../output/progress.ts'
import { action } from '../../session.ts'
import { type Plan, renderPlan } from './plan.ts'

interface PlanOptions {
  readonly prune?: boolean
}

const endings = [...bundleEndings, '.yml']

/** `gatehouse diff`, `apply` and `export`: the whole configuration as files. */
export function addConfiguration(program: Command): void {
  const prune = ['--prune', 'delete what the organizations of the files have and the files have not'] as const

  program
    .command('diff <directory>')
    .description('show what applying these files would change; changes nothing')
    .option(...prune)
    .option('--exit-code', 'end with 1 when something differs, for scripts that watch for drift')
    .action(
      action<PlanOptions & { exitCode?: boolean }>(async ({ client, out }, options, directory) => {
        const body = { files: readTextFiles(directory as string, endings), prune: options.prune === true }
        const planning = client.post<Plan>('/api/configuration/plan', body)
        const plan = await placedIn(directory as string, whileWaiting('Comparing', out, planning))
        out.answer(plan.body, () => renderPlan(plan.body))
        if (options.exitCode === true && plan.body.changes.length > 0) process.exitCode = exits.failed
      }),
    )

  program
    .command('apply <directory>')
    .description('make everything as these files say, all or nothing; a second time changes nothing')
    .option(...prune)
    .option('--yes', 'do not ask before something is deleted')
    .action(
      action<PlanOptions & { yes?: boolean }>(async ({ client, out }, options, directory) => {
        const started = performance.now()
        const body = { files: readTextFiles(directory as string, endings), prune: options.prune === true }
        const planning = client.post<Plan>('/api/configuration/plan', body)
        const planned = await placedIn(directory as string, whileWaiting('Comparing', out, planning))
        const { changes, fingerprint } = planned.body
        if (changes.length === 0) return out.done(planned.body, 'Everything is as the files say')
        if (!out.json) out.answer(planned.body, () => renderPlan(planned.body))
        if (options.yes !== true && changes.some((change) => change.action === 'delete')) await confirm()
        const applied = await placedIn(
          directory as string,
          whileWaiting('Applying', out, client.post<Plan>('/api/configuration/apply', { ...body, fingerprint })),
        )
        const ms = Math.round(performance.now() - started)
        out.done({ ...applied.body, requestId: applied.requestId }, `Applied in ${ms} ms, all of it`)
      }),
    )

  program
    .command('export <directory>')
    .description('write the configuration as files, as apply reads them')
    .option('--organization <name>', 'only this one')
    .option('--force', 'write into a directory that is not empty')
    .action(
      action<{ organization?: string; force?: boolean }>(async ({ client, out }, options, directory) => {
        const target = directory as string
        const exists = statSync(target, { throwIfNoEntry: false })?.isDirectory() === true
        if (exists && options.force !== true && readdirSync(target).length > 0)
          throw usage(`${target} is not empty`, 'Name a new directory, or add --force')
        const query = { organization: options.organization }
        const { body } = await client.get<{ files: Record<string, string> }>('/api/configuration/export', { query })
        for (const [path, text] of Object.entries(body.files)) writeInside(target, path, text)
        const paths = Object.keys(body.files).sort()
        out.done({ directory: target, files: paths }, `${paths.length} files are in ${target}`)
      }),
    )
}

/** Writes a file below `directory`, whatever the server calls it. */
function writeInside(directory: string, path: string, text: string): void {
  const normal = normalize(path)
  if (normal.startsWith('..') || normal.startsWith(sep)) throw new Failure(`The server names a file outside: ${path}`)
  const file = join(directory, normal)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, text)
}

async function confirm(): Promise<void> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw usage('Something would be deleted', 'Look at it with gatehouse diff, then add --yes')
  const asking = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await asking.question('Delete what is marked with - ? Type yes: ')
  asking.close()
  if (answer.trim() !== 'yes') throw new Failure('Nothing was changed')
}
