import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Command, Option } from 'commander'
import type { Client } from '../../client/client.ts'
import { findPrincipal } from '../../client/find.ts'
import { parseSeconds } from '../../client/parse.ts'
import { exits, Failure } from '../../failure.ts'
import { action } from '../../session.ts'

const parts = ['access', 'sessions', 'tokens', 'trusts', 'credentials', 'api-keys', 'grants']

interface Contained {
  readonly principal: { readonly type: string; readonly id: string; readonly name: string }
  readonly steps: readonly { readonly part: string; readonly touched: number; readonly ms: number }[]
  readonly untilMs?: number
}

interface Event {
  readonly position: number
  readonly type: string
}

interface ContainOptions {
  readonly reason: string
  readonly only?: string[]
  readonly for?: string
  readonly organization?: string
  readonly evidence?: string
}

/** How long the log may take to hold what has just happened. */
const patienceMs = 15_000

/** `gatehouse contain …`: what to do when an identity has leaked. */
export function addContain(program: Command): void {
  program
    .command('contain <principal>')
    .description('end in one step everything that a leaked identity could still use, and keep the evidence')
    .requiredOption('--reason <text>', 'why, for the record')
    .addOption(new Option('--only <part...>', 'only these parts; all of them otherwise').choices(parts))
    .option('--for <time>', 'how long access stays suspended, as in 8h (default: until it is activated)')
    .option('--organization <name>', 'where the principal is looked for')
    .option('--evidence <file>', 'where the evidence goes (default: contain-<id>.json)')
    .action(
      action<ContainOptions>(async ({ client, out }, options, text) => {
        const startedMs = performance.now()
        const { id } = await findPrincipal(client, text as string, options.organization)
        const reply = await client.post<Contained>('/api/contain', {
          id,
          reason: options.reason,
          ...(options.only !== undefined && { parts: options.only }),
          ...(options.for !== undefined && { forSeconds: parseSeconds(options.for) }),
        })
        const contained = reply.body
        const ms = Math.round(performance.now() - startedMs)
        const evidence = await gather(client, contained, reply.requestId)
        const file = options.evidence ?? `contain-${id}.json`
        writeFileSync(file, `${JSON.stringify(evidence, undefined, 2)}\n`, { mode: 0o600 })
        if (out.json) return out.answer({ ...contained, ms, evidence: file }, () => '')
        out.table(
          [
            { title: 'part', of: (row) => row.part },
            { title: 'ended', of: (row) => String(row.touched) },
            { title: 'took', of: (row) => `${row.ms} ms` },
          ],
          contained.steps,
        )
        out.remark(`${contained.principal.name} (${id}) is contained, in ${ms} ms; the evidence is in ${file}`)
        if (contained.untilMs !== undefined)
          out.remark(`It may act again from ${new Date(contained.untilMs).toISOString()}; what ended stays ended`)
      }),
    )
}

/** Every event of the containment, each with its place in the log and the proof of that. */
async function gather(client: Client, contained: Contained, requestId: string | undefined): Promise<object> {
  if (requestId === undefined) throw new Failure('The answer names no request, so its events cannot be found')
  const untilMs = performance.now() + patienceMs
  const wait = async <T>(what: () => Promise<T | undefined>): Promise<T | undefined> => {
    for (;;) {
      const found = await what()
      if (found !== undefined || performance.now() > untilMs) return found
      await sleep(200)
    }
  }
  const events = await wait(async () => {
    const found: Event[] = []
    for await (const event of client.list<Event>('/api/events', { requestId })) found.push(event)
    return found.some(({ type }) => type === 'tokens.principal_contained') ? found : undefined
  })
  const entries = []
  for (const event of events ?? []) {
    const entry = await wait(() => ifThere(client, `/api/audit/entries/${event.position}`))
    const proof = await wait(() => ifThere(client, `/api/audit/proofs/${event.position}`))
    entries.push({ event, entry, proof })
  }
  const complete =
    events !== undefined && entries.every(({ entry, proof }) => entry !== undefined && proof !== undefined)
  return { contained, requestId, complete, log: await ifThere(client, '/api/audit/log'), entries }
}

async function ifThere(client: Client, path: string): Promise<unknown> {
  try {
    return (await client.get(path)).body
  } catch (error) {
    if (error instanceof Failure && (error.exit === exits.notFound || error.exit === exits.denied)) return undefined
    throw error
  }
}
