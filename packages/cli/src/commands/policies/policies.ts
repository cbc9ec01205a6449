import type { Command } from 'commander'
import { bundleEndings, readTextFiles } from '../../client/bundle-files.ts'
import type { Client } from '../../client/client.ts'
import { findApplicationId, findOrganizationId, homeOrganization } from '../../client/find.ts'
import { exits, Failure } from '../../failure.ts'
import { placedIn } from '../../output/placed.ts'
import { moment, plain } from '../../output/plain.ts'
import { action } from '../../session.ts'
import { addChanges } from './changes.ts'
import { type CheckReport, renderCheck } from './check.ts'

interface Activation {
  readonly number: number
  readonly hash: string
  readonly kind: string
  readonly comment?: string
  readonly by: { readonly name: string }
  readonly activatedAtMs: number
}

interface Shown extends Activation {
  readonly files: Readonly<Record<string, string>>
}

/** Whose policies a group of commands is about, and how it is named. */
interface Owner<O extends object> {
  readonly name: string
  readonly about: string
  readonly option: (command: Command) => Command
  /** Where its policies stand in the API. */
  readonly pathOf: (client: Client, options: O) => Promise<string>
}

/** `gatehouse policy …`: the policy bundle of an application. */
export function addPolicies(program: Command): void {
  const policy = addBundle<{ readonly app: string }>(program, {
    name: 'policy',
    about: "an application's policy bundle: check, push, roll back",
    option: (command) =>
      command.requiredOption('--app <application>', 'the application: its name, organization/name or id'),
    pathOf: async (client, { app }) => `/api/applications/${await findApplicationId(client, app)}/policies`,
  })
  addChanges(policy)
}

/** `gatehouse sign-in-policy …`: under which circumstances the people of an organization may sign in. */
export function addSignInPolicies(program: Command): void {
  addBundle<{ readonly organization: string }>(program, {
    name: 'sign-in-policy',
    about: 'under which circumstances the people of an organization may sign in: check, push, roll back',
    option: (command) => command.option('--organization <organization>', 'whose people', homeOrganization),
    pathOf: async (client, { organization }) =>
      `/api/organizations/${await findOrganizationId(client, organization)}/sign-in-policy`,
  })
}

function addBundle<O extends object>(program: Command, owner: Owner<O>): Command {
  const group = program.command(owner.name).description(owner.about)
  const command = (name: string, says: string) => owner.option(group.command(name).description(says))

  command('validate <directory>', 'check a bundle against its schema and run its tests; changes nothing').action(
    action<O>(async ({ client, out }, options, directory) => {
      const files = readTextFiles(directory as string, bundleEndings)
      const path = await owner.pathOf(client, options)
      const { body } = await client.post<CheckReport & { valid: boolean; hash?: string }>(`${path}/validate`, { files })
      out.answer(body, () => renderCheck(body))
      if (!body.valid)
        throw new Failure('The bundle would be refused', { next: 'Mend what is listed, then check again' })
      out.remark(`The bundle is valid: ${body.hash?.slice(0, 12)}`)
    }),
  )

  command('push <directory>', 'check a bundle and put it in force; one that fails changes nothing')
    .option('--comment <text>', 'why, for the record')
    .action(
      action<O & { comment?: string }>(async ({ client, out }, options, directory) => {
        const files = readTextFiles(directory as string, bundleEndings)
        const path = await owner.pathOf(client, options)
        const started = performance.now()
        const body = { files, ...(options.comment !== undefined && { comment: options.comment }) }
        const pushing = client.request<Activation & CheckReport>('PUT', path, { body })
        const reply = await placedIn(directory as string, pushing)
        const { number, hash } = reply.body
        const ms = Math.round(performance.now() - started)
        out.answer(reply.body, () => renderCheck(reply.body))
        out.remark(`In force as number ${number} (${hash.slice(0, 12)}) after ${ms} ms`)
      }),
    )

  command('show', 'the files in force').action(
    action<O>(async ({ client, out }, options) => {
      const { body } = await client.get<Shown>(await owner.pathOf(client, options))
      out.answer(body, () =>
        Object.entries(body.files)
          .map(([name, text]) => `── ${plain(name)}\n${text.trimEnd()}`)
          .join('\n\n'),
      )
      out.remark(`Number ${body.number} (${body.hash.slice(0, 12)}), by ${plain(body.by.name)}`)
    }),
  )

  command('history', 'which bundles were in force, the newest first').action(
    action<O>(async ({ client, out }, options) => {
      const path = await owner.pathOf(client, options)
      const found: Activation[] = []
      for await (const one of client.list<Activation>(`${path}/history`)) found.push(one)
      out.table(
        [
          { title: 'number', of: (row) => row.number, align: 'right' },
          { title: 'hash', of: (row) => row.hash.slice(0, 12) },
          { title: 'since', of: (row) => moment(row.activatedAtMs) },
          { title: 'how', of: (row) => row.kind },
          { title: 'by', of: (row) => row.by.name },
          { title: 'comment', of: (row) => row.comment },
        ],
        found,
        'No bundle was ever in force',
      )
    }),
  )

  command('rollback', 'put the former bundle in force again, or any earlier one')
    .option('--to <hash>', 'which one; the beginning of its hash is enough')
    .option('--comment <text>', 'why, for the record')
    .action(
      action<O & { to?: string; comment?: string }>(async ({ client, out }, options) => {
        const path = await owner.pathOf(client, options)
        const history = client.list<Activation>(`${path}/history`)
        const hash = options.to === undefined ? undefined : await completeHash(history, options.to, owner.name)
        const { body } = await client.post<Activation>(`${path}/rollback`, {
          ...(hash !== undefined && { hash }),
          ...(options.comment !== undefined && { comment: options.comment }),
        })
        out.done(body, `In force again as number ${body.number}: ${body.hash.slice(0, 12)}`)
      }),
    )
  return group
}

async function completeHash(history: AsyncIterable<Activation>, start: string, command: string): Promise<string> {
  if (/^[0-9a-f]{64}$/.test(start)) return start
  const found = new Set<string>()
  for await (const { hash } of history) if (hash.startsWith(start)) found.add(hash)
  const [hash] = found
  if (hash === undefined)
    throw new Failure(`No bundle that was in force begins with ${start}`, {
      exit: exits.notFound,
      next: `gatehouse ${command} history shows them`,
    })
  if (found.size > 1)
    throw new Failure(`${found.size} bundles begin with ${start}: give more of the hash`, { exit: exits.usage })
  return hash
}
