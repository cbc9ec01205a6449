import { readFile } from 'node:fs/promises'
import { parsePolicy } from '@gatehouse/tlog'
import type { Command } from 'commander'
import { usage } from '../../failure.ts'
import { visibleJson } from '../../output/plain.ts'
import { startProgress } from '../../output/progress.ts'
import { action, type Session } from '../../session.ts'
import { openArchives } from './archives.ts'
import { addErase } from './erase.ts'
import { exportLog } from './export.ts'
import { addRetention } from './retention.ts'
import { addSearch } from './search.ts'
import { addSinks } from './sinks.ts'
import { type AboutLog, openExported, openServed } from './source.ts'
import { verifyAll } from './verify.ts'

interface Entry {
  readonly position: number
  readonly index: number
  readonly leaf?: string
  readonly salt?: string
  readonly body?: string
  /** The body with what is personal opened. */
  readonly event?: unknown
}

/** `gatehouse audit …`: checking the audit log, and taking proofs of it away. */
export function addAudit(program: Command): void {
  const audit = program.command('audit').description('the audit log: verify, show, proof, checkpoint, export')

  audit
    .command('verify')
    .description('check the whole log: every entry, tile and body, its signature, and that it only ever grew')
    .option('--from <directory>', 'an exported log instead of the server: needs no network')
    .option('--key <verifier-key>', 'the key you were given before, instead of the one that the log brings along')
    .option('--earlier <file...>', 'checkpoints kept from before: each must be a beginning of the log')
    .option('--policy <file>', 'a trust policy (C2SP tlog-policy): witnesses whose cosignatures are demanded')
    .option('--archives <directory>', 'archives of bodies that the log does not have at hand')
    .option('--no-bodies', 'check the tree alone; needs no right to see events')
    .action(
      action<{
        from?: string
        key?: string
        earlier?: string[]
        policy?: string
        archives?: string
        bodies: boolean
      }>(async (session, options) => {
        const source = await open(session, options)
        const earlier = await Promise.all((options.earlier ?? []).map((file) => readFile(file, 'utf8')))
        const progress = await startProgress('Verifying', { json: session.out.json, unit: 'steps' })
        const verified = await verifyAll(source, {
          earlier,
          bodies: options.bodies,
          ...(options.archives !== undefined && { archived: openArchives(options.archives) }),
          ...(options.policy !== undefined && { policy: parsePolicy(await readFile(options.policy, 'utf8')) }),
          onProgress: (done, size) => progress.set(done, size),
        }).finally(() => progress.end())
        const kept =
          earlier.length === 0
            ? ''
            : `, consistent with ${earlier.length} earlier checkpoint${earlier.length > 1 ? 's' : ''}`
        const bodies = options.bodies
          ? `, ${verified.bodies} bodies as logged${verified.erased > 0 ? `, ${verified.erased} erased${verified.unproven > 0 ? ` (${verified.unproven} as only what is not at hand can prove)` : ''}` : ''}${verified.away > 0 ? `, ${verified.away} in archives that are away` : ''}`
          : ''
        session.out.done(
          { verified: true, ...verified },
          `${verified.origin}: ${verified.size} entries verify${bodies}${kept}`,
        )
      }),
    )

  audit
    .command('show <position>')
    .description('one entry: what happened, as it was logged')
    .action(
      action(async ({ client, out }, _options, position) => {
        const { body: entry } = await client.get<Entry>(`/api/audit/entries/${parsePosition(position)}`)
        out.answer(entry, () =>
          entry.body === undefined
            ? 'Erased: salt and body are destroyed, the leaf stands'
            : visibleJson(entry.event ?? JSON.parse(entry.body), 2),
        )
      }),
    )

  audit
    .command('proof <position>')
    .description('a receipt that an entry is in the log (.tlog-proof), for checking offline')
    .action(
      action(async ({ client, out }, _options, position) => {
        const response = await client.send('GET', `/api/audit/proofs/${parsePosition(position)}`, {
          headers: { accept: 'text/plain' },
        })
        const proof = await response.text()
        out.answer({ proof }, () => proof.trimEnd())
      }),
    )

  audit
    .command('checkpoint')
    .description('the newest signed checkpoint: keep it, and no later log can deny what it covers')
    .action(
      action(async ({ client, out }) => {
        const checkpoint = await (await client.send('GET', '/audit/log/checkpoint')).text()
        out.answer({ checkpoint }, () => checkpoint.trimEnd())
      }),
    )

  audit
    .command('export <directory>')
    .description('the whole log as static files that "audit verify --from" and other tools check offline')
    .action(
      action(async ({ client, out }, _options, directory) => {
        const about = (await client.get<AboutLog>('/api/audit/log')).body
        const progress = await startProgress('Exporting', { json: out.json, unit: 'steps' })
        const source = await openServed(client, about.verifierKey)
        const done = await exportLog(source, directory as string, about.verifierKey, (at, of) =>
          progress.set(at, of),
        ).finally(() => progress.end())
        out.done(
          { directory, ...done },
          `${done.size} entries in ${directory}; check them with: gatehouse audit verify --from ${directory}`,
        )
      }),
    )
  addErase(audit)
  addRetention(audit)
  addSearch(audit)
  addSinks(audit)
}

async function open(session: Session, options: { from?: string; key?: string }) {
  if (options.from !== undefined) return openExported(options.from, options.key)
  return openServed(session.client, options.key)
}

function parsePosition(text: string | undefined): number {
  if (text === undefined || !/^[1-9]\d{0,15}$/.test(text))
    throw usage('The position is a whole number from 1', 'gatehouse events shows positions')
  return Number(text)
}
