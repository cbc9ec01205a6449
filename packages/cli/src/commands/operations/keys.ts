import { type Command, Option } from 'commander'
import { usage } from '../../failure.ts'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'

interface Key {
  readonly kid: string
  readonly algorithm: string
  readonly state: string
  readonly createdAtMs: number
  readonly activatesAtMs: number
  readonly retiresAtMs?: number
}

interface Rotated {
  readonly what: string
  readonly key?: Key
  readonly rootKey?: { readonly from: string; readonly to: string }
}

interface RotateOptions {
  readonly what: string
  readonly algorithm?: string
  readonly atOnce?: boolean
  readonly forget?: boolean
  readonly emergency?: boolean
}

/** `gatehouse key …`: the keys that sign tokens, seal secrets and guard both. */
export function addKeys(program: Command): void {
  const key = program.command('key').description('signing keys, data keys and the root key')

  key
    .command('list')
    .description('signing keys and what becomes of them; nothing secret')
    .action(
      action(async ({ client, out }) => {
        const { body } = await client.get<{ items: Key[] }>('/api/keys')
        out.table(
          [
            { title: 'key', of: (row) => row.kid },
            { title: 'algorithm', of: (row) => row.algorithm },
            { title: 'state', of: (row) => row.state },
            { title: 'signs from', of: (row) => moment(row.activatesAtMs) },
            { title: 'counts until', of: (row) => moment(row.retiresAtMs) },
          ],
          body.items,
          'There is no signing key',
        )
      }),
    )

  key
    .command('rotate')
    .description('make the next signing key, new data keys, or a new root key')
    .addOption(new Option('--what <kind>', 'which keys').choices(['signing', 'data', 'root']).default('signing'))
    .addOption(new Option('--algorithm <name>', 'of a signing key').choices(['ES256', 'EdDSA', 'RS256']))
    .option('--at-once', 'the new signing key signs now, without being announced first')
    .option('--forget', 'with --at-once, for a stolen key: what it signed counts no more')
    .option(
      '--emergency',
      'every signing key may be stolen: new ones sign now, what the others signed counts nowhere any more',
    )
    .action(
      action<RotateOptions>(async ({ client, out }, options) => {
        const { what, algorithm, atOnce, forget } = options
        if (options.emergency === true) {
          if (what !== 'signing') throw usage('--emergency is about signing keys')
          const { body } = await client.get<{ items: Key[] }>('/api/keys')
          const active = body.items.filter(({ state }) => state === 'active').map((one) => one.algorithm)
          const keys: Key[] = []
          for (const one of algorithm === undefined ? new Set(active) : [algorithm]) {
            const stolen = { what, algorithm: one, atOnce: true, forget: true }
            const made = (await client.post<Rotated>('/api/keys/rotate', stolen)).body.key
            if (made !== undefined) keys.push(made)
          }
          const says = keys.map(
            (key) => `The ${key.algorithm} key ${key.kid} signs; what the former one signed is refused`,
          )
          return out.done({ what, keys }, says.join('\n'))
        }
        if (forget === true && atOnce !== true) throw usage('--forget needs --at-once')
        const body = { what, ...(algorithm && { algorithm }), ...(atOnce && { atOnce }), ...(forget && { forget }) }
        const reply = await client.post<Rotated>('/api/keys/rotate', body)
        out.done(reply.body, sayRotated(reply.body))
      }),
    )
}

function sayRotated({ what, key, rootKey }: Rotated): string {
  if (key !== undefined)
    return `The ${key.algorithm} key ${key.kid} is made; it signs from ${moment(key.activatesAtMs)}`
  if (rootKey !== undefined)
    return `The root key is ${rootKey.to}, no longer ${rootKey.from}: keep a copy of its file, away from the data`
  return `New ${what} keys are in use; what was sealed before stays readable`
}
