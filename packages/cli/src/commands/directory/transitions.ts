import type { Command } from 'commander'
import type { Client } from '../../client/client.ts'
import { action } from '../../session.ts'
import { type Within, within } from './names.ts'

export interface TransitionNoun {
  /** As in `/api/users`. */
  readonly path: string
  readonly find: (client: Client, text: string, organization?: string) => Promise<string>
  /** Verb, what it does, and what is said when it is done. */
  readonly verbs: readonly (readonly [verb: string, description: string, done: string])[]
}

/** Named transitions as subcommands: `user suspend NAME`. `delete` is among them where the noun has it. */
export function addTransitions(parent: Command, noun: TransitionNoun): void {
  for (const [verb, description, done] of noun.verbs) {
    const command = parent
      .command(`${verb} <name>`)
      .description(description)
      .option(...within)
    if (verb !== 'delete') command.option('--reason <text>', 'why, for the record; no personal data')
    command.action(
      action<Within & { reason?: string }>(async ({ client, out }, options, name) => {
        const id = await noun.find(client, name as string, options.organization)
        const body = options.reason === undefined ? {} : { reason: options.reason }
        const reply =
          verb === 'delete'
            ? await client.request('DELETE', `${noun.path}/${id}`)
            : await client.post(`${noun.path}/${id}/${verb}`, body)
        out.done(reply.body ?? { id, deleted: true }, `${name} is ${done}`)
      }),
    )
  }
}
