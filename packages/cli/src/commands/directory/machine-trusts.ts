import { readFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import type { Client } from '../../client/client.ts'
import { findMachineId } from '../../client/find.ts'
import { usage } from '../../failure.ts'
import { action } from '../../session.ts'
import { type Within, within } from './names.ts'

interface Trust {
  readonly id: string
  readonly name: string
  readonly issuer: string
  readonly audience?: string
  readonly condition: string
  readonly tokenSeconds: number
}

interface AddOptions extends Within {
  readonly kind?: string
  readonly issuer?: string
  readonly audience?: string
  readonly jwksUri?: string
  readonly jwks?: string
  readonly when: string
  readonly once?: boolean
}

/** Issuers whose address everybody knows. */
const issuers: Readonly<Record<string, string>> = {
  github: 'https://token.actions.githubusercontent.com',
  gitlab: 'https://gitlab.com',
  google: 'https://accounts.google.com',
}

/** `gatehouse machine trust …`: outside workloads that may be a machine, without a secret. */
export function addMachineTrusts(machine: Command): void {
  const trust = machine.command('trust').description('outside workloads that may be this machine, without a secret')

  trust
    .command('list <machine>')
    .description('the trusts of a machine')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name) => {
        const id = await findMachineId(client, name as string, options.organization)
        const { trusts } = (await read(client, id)).body
        out.table(
          [
            { title: 'trust', of: (row) => row.name },
            { title: 'issuer', of: (row) => row.issuer },
            { title: 'audience', of: (row) => row.audience ?? client.url },
            { title: 'when', of: (row) => row.condition },
          ],
          trusts,
          'It trusts nobody',
        )
      }),
    )

  trust
    .command('add <machine> <trust>')
    .description('let workloads of an issuer be this machine, when their claims fulfil a condition')
    .option(...within)
    .addOption(new Option('--kind <kind>', 'an issuer that is known').choices(Object.keys(issuers)))
    .option('--issuer <address>', "any other's `iss`; spiffe:// and a trust domain for JWT-SVIDs")
    .option('--audience <text>', 'what its tokens are addressed to (default: the address of Gatehouse)')
    .option('--jwks-uri <address>', 'where its keys are, when not by discovery')
    .option('--jwks <file>', 'a file of its keys, when they cannot be fetched')
    .option('--once', 'take each token once only')
    .requiredOption('--when <cedar>', `as in 'context.claims.repository == "acme/app"'`)
    .action(
      action<AddOptions>(async ({ client, out }, options, name, label) => {
        const issuer = options.issuer ?? (options.kind === undefined ? undefined : issuers[options.kind])
        if (issuer === undefined) throw usage('Whom?', 'Give --kind or --issuer')
        const id = await findMachineId(client, name as string, options.organization)
        const { body, etag } = await read(client, id)
        const added = {
          name: label,
          issuer,
          condition: options.when,
          ...(options.audience !== undefined && { audience: options.audience }),
          ...(options.jwksUri !== undefined && { jwksUri: options.jwksUri }),
          ...(options.jwks !== undefined && { jwks: JSON.parse(readFileSync(options.jwks, 'utf8')) }),
          ...(options.once === true && { singleUse: true }),
        }
        const others = body.trusts.filter((one) => one.name !== label).map(asInput)
        const { body: after } = await write(client, id, [...others, added], etag)
        out.done(after, `Workloads of ${issuer} may be ${name}, when ${options.when}`)
      }),
    )

  trust
    .command('remove <machine> <trust>')
    .description('take a trust away: tokens that came by it end at once')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name, label) => {
        const id = await findMachineId(client, name as string, options.organization)
        const { body, etag } = await read(client, id)
        const kept = body.trusts.filter((one) => one.name !== label)
        if (kept.length === body.trusts.length) throw usage(`${name} has no trust ${label}`)
        const { body: after } = await write(client, id, kept.map(asInput), etag)
        out.done(after, `${name} trusts ${label} no more`)
      }),
    )
}

const read = (client: Client, id: string) => client.get<{ trusts: readonly Trust[] }>(`/api/machines/${id}`)

const write = (client: Client, id: string, trusts: readonly object[], etag: string | undefined) =>
  client.request('PATCH', `/api/machines/${id}`, { body: { trusts }, ...(etag !== undefined && { ifMatch: etag }) })

function asInput(trust: Trust): object {
  const { id: _, createdAtMs: __, ...input } = trust as Trust & { createdAtMs: number }
  return input
}
