import { createHash, generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { findMachineId } from '../../client/find.ts'
import { parseSeconds } from '../../client/parse.ts'
import { exits, Failure, usage } from '../../failure.ts'
import { moment } from '../../output/plain.ts'
import { action } from '../../session.ts'
import { collect, organizationQuery, type Within, within } from './names.ts'

interface Registered {
  readonly clientId: string
  readonly key: { readonly kid: string; readonly expiresAtMs: number }
}

interface Reported {
  readonly name: string
  readonly machineId: string
  readonly credentials: readonly {
    readonly kind: string
    readonly id: string
    readonly expiresAtMs?: number
    readonly usedAtMs?: number
    readonly reasons: readonly string[]
  }[]
}

interface KeyOptions extends Within {
  readonly out?: string
  readonly jwk?: string
  readonly valid?: string
  readonly overlap?: string
  readonly replaceSecrets?: boolean
}

type Made = { readonly jwk: Record<string, unknown>; readonly privateJwk?: Record<string, unknown> }

/** `gatehouse machine key …`: key pairs of machines; the private half is made here and never leaves. */
export function addMachineKeys(machine: Command): void {
  const key = machine.command('key').description('key pairs of a machine: the private half never reaches the server')
  const addMaking = (name: string, says: string, overlapDefault?: string) =>
    key
      .command(`${name} <machine>`)
      .description(says)
      .option(...within)
      .option('--out <file>', 'where the private key goes, as a JWK (default: printed, this once)')
      .option('--jwk <file>', 'register this public JWK (- for standard input); no key is made')
      .option(
        '--valid <time>',
        'how long it is valid, as in 30d (default: 90d, or less where the organization says so)',
      )
      .addOption(
        new Option('--overlap <time>', 'former keys end after this long; without it they stay').default(overlapDefault),
      )
      .option('--replace-secrets', 'end its client secrets, and have it prove itself by keys')
      .action(
        action<KeyOptions>(async ({ client, out }, options, name) => {
          const id = await findMachineId(client, name as string, options.organization)
          const made = options.jwk === undefined ? makeKeyPair() : readPublicKey(options.jwk)
          // Before it is registered: what cannot be written is not registered either.
          if (options.out !== undefined) keep(options.out, made)
          const { body } = await client.post<Registered>(`/api/machines/${id}/keys`, {
            jwk: made.jwk,
            ...(options.valid !== undefined && { validSeconds: parseSeconds(options.valid) }),
            ...(options.overlap !== undefined && { overlapSeconds: parseSeconds(options.overlap) }),
            ...(options.replaceSecrets === true && { replaceSecrets: true }),
          })
          const isPrinted = options.out === undefined && made.privateJwk !== undefined
          const privateKey = { ...made.privateJwk, kid: body.key.kid }
          out.fields({ ...body, ...(isPrinted && { privateKey }) }, [
            ['client_id', body.clientId],
            ['kid', body.key.kid],
            ['until', moment(body.key.expiresAtMs)],
            ...(isPrinted ? ([['private key', JSON.stringify(privateKey)]] as const) : []),
          ])
          if (isPrinted) out.remark('The private key is shown this once: the server has only the public half')
          else if (options.out !== undefined) out.remark(`The private key is in ${options.out}`)
        }),
      )
  addMaking('add', 'make a key pair and register its public half, beside the keys it has')
  addMaking('rotate', 'the same, and let former keys end after an overlap', '1d')

  key
    .command('revoke <machine> <kid>')
    .description('end a key at once')
    .option(...within)
    .action(
      action<Within>(async ({ client, out }, options, name, kid) => {
        const id = await findMachineId(client, name as string, options.organization)
        await client.request('DELETE', `/api/machines/${id}/keys/${encodeURIComponent(kid as string)}`)
        out.done({ machineId: id, kid }, `The key ${kid} of ${name} is ended`)
      }),
    )

  key
    .command('list')
    .description('keys and secrets of machines, and why each wants attention; with --stale exit 1 when one does')
    .option(...within)
    .option('--machine <name>', 'only of this machine')
    .option('--stale', 'only those that end soon, have ended, never end, or that nobody uses')
    .action(
      action<Within & { machine?: string; stale?: boolean }>(async ({ client, out }, options) => {
        const query = {
          ...(await organizationQuery(client, options)),
          ...(options.machine !== undefined && { name: options.machine }),
          ...(options.stale && { stale: 'true' }),
        }
        const found = await collect(client.list<Reported>('/api/machine-keys', query))
        const rows = found.flatMap(({ name, machineId, credentials }) =>
          credentials.map((credential) => ({ name, machineId, ...credential })),
        )
        out.table(
          [
            { title: 'machine', of: (row) => row.name },
            { title: 'kind', of: (row) => row.kind },
            { title: 'id', of: (row) => row.id },
            { title: 'until', of: (row) => moment(row.expiresAtMs) || 'no end' },
            { title: 'last used', of: (row) => moment(row.usedAtMs) || 'never' },
            { title: 'why', of: (row) => row.reasons.join(', ') },
          ],
          rows,
          options.stale ? 'None is stale' : 'There is none',
        )
        if (options.stale && rows.length > 0) process.exitCode = exits.failed
      }),
    )
}

/** Its thumbprint (RFC 7638) becomes its kid, which commands take as an argument: one that looks like an option is not kept. */
function makeKeyPair(): Made {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = publicKey.export({ format: 'jwk' }) as Record<string, unknown>
  const { crv, kty, x, y } = jwk
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
  if (thumbprint.startsWith('-')) return makeKeyPair()
  return { jwk, privateJwk: { ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig' } }
}

function readPublicKey(path: string): Made {
  let jwk: unknown
  try {
    jwk = JSON.parse(readFileSync(path === '-' ? 0 : path, 'utf8'))
  } catch (cause) {
    throw new Failure(`No JWK can be read from ${path}`, { cause, detail: (cause as Error).message })
  }
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) throw usage(`${path} holds no JWK`)
  if ('d' in jwk) throw usage(`${path} holds a private key`, 'Give its public half only')
  return { jwk: jwk as Record<string, unknown> }
}

function keep(path: string, { privateJwk }: Made): void {
  if (privateJwk === undefined) throw usage('--out goes with a key that is made here, not with --jwk')
  try {
    writeFileSync(path, `${JSON.stringify(privateJwk)}\n`, { mode: 0o600, flag: 'wx' })
  } catch (cause) {
    throw new Failure(`The private key cannot be written to ${path}`, { cause, detail: (cause as Error).message })
  }
}
