import { formatProof, headersFor, parseTilePath, Tree, tilePath } from '@gatehouse/tlog'
import { deployment, type Gate } from '#authorization'
import { Fault, Type } from '#kernel'
import type { Storage } from '#storage'
import { type Operation, operation } from '#web'
import type { PersonKeys } from '../persons/person-keys.ts'
import type { Archives } from '../retention/archive.ts'
import { readEntries, readEntry } from '../retention/read-entries.ts'
import { findWitnessed } from '../witnesses/witness.store.ts'
import { readLedgerTile } from './database-storage.ts'
import { encodeLeaf, hashBody } from './leaf.ts'
import { findLedgerState } from './ledger.store.ts'
import type { Ledger } from './ledger.ts'

export interface LedgerRoutesDeps {
  readonly storage: Storage
  readonly gate: Gate
  readonly ledger: Ledger
  readonly persons: PersonKeys
  readonly archives: Archives
  /** Whether what is published must be cosigned by a quorum of witnesses. */
  readonly witnessed: boolean
}

const open = { kind: 'open', why: 'Anybody may check the log: its tiles hold salted hashes and tell nothing' } as const
const position = Type.Object({ position: Type.String({ pattern: '^[1-9]\\d{0,15}$' }) })
const pageOfBodies = 1_000

/** The log as C2SP tlog-tiles, and what only its owner may see: bodies, salts, receipts. */
export function ledgerOperations({
  storage,
  gate,
  ledger,
  persons,
  archives,
  witnessed,
}: LedgerRoutesDeps): Operation[] {
  const file = (
    id: string,
    url: string,
    summary: string,
    read: (path: string) => Promise<[string, Uint8Array | string]>,
  ) =>
    operation({
      id,
      method: 'GET',
      url,
      summary,
      access: open,
      schemas: { reply: Type.Any() },
      handle: async ({ params, reply }) => {
        const [path, bytes] = await read((params as unknown as { '*'?: string } | undefined)?.['*'] ?? '')
        const headers = headersFor(path)
        await reply.headers(headers ?? {}).send(bytes)
      },
    })
  return [
    file('audit.checkpoint', '/audit/log/checkpoint', 'The newest signed checkpoint of the audit log', async () => {
      const published = await findPublished()
      if (published === undefined) throw new Fault('audit.tile_unknown')
      return ['checkpoint', published.checkpoint]
    }),
    file('audit.tile', '/audit/log/tile/*', 'A tile or entry bundle of the audit log', async (rest) => {
      const tile = parseTilePath(`tile/${rest}`)
      const bytes = tile && (await readLedgerTile(storage, tile))
      if (tile === undefined || bytes === undefined) throw new Fault('audit.tile_unknown')
      return [tilePath(tile), Buffer.from(bytes)]
    }),
    operation({
      id: 'audit.log',
      method: 'GET',
      url: '/api/audit/log',
      summary: 'Origin, verifier key and size of the audit log',
      access: open,
      schemas: { reply: Type.Object({ origin: Type.String(), verifierKey: Type.String(), size: Type.Integer() }) },
      handle: async () => {
        const { checkpoint, verifierKey } = ledger.log
        const key = `${verifierKey.name}+${verifierKey.id.toString(16).padStart(8, '0')}+${Buffer.concat([Uint8Array.of(verifierKey.algorithm), verifierKey.raw]).toString('base64')}`
        return { origin: checkpoint.origin, verifierKey: key, size: (await findLedgerState(storage.db))?.size ?? 0 }
      },
    }),
    operation({
      id: 'audit.entry',
      method: 'GET',
      url: '/api/audit/entries/:position',
      summary: 'An entry of the audit log with its salt and body, and the leaf they hash to',
      access: { kind: 'action', action: 'viewEvents' },
      schemas: {
        params: position,
        reply: Type.Object({
          position: Type.Integer(),
          index: Type.Integer({ description: 'Index in the tree' }),
          leaf: Type.Optional(Type.String({ description: 'The bytes in the entry bundle' })),
          salt: Type.Optional(Type.String({ description: '32 bytes, base64; absent once erased' })),
          body: Type.Optional(
            Type.String({ description: 'What was logged, personal data sealed; absent once erased' }),
          ),
          event: Type.Optional(Type.Any({ description: 'The body with what is personal opened' })),
        }),
      },
      handle: async ({ act, params }) => {
        const entry = await findVisible(act, Number(params.position))
        const { salt, body } = entry
        const leaf =
          salt && body !== undefined
            ? encodeLeaf({ position: entry.position, stream: 'feed', hash: hashBody(salt, body) })
            : undefined
        return {
          position: entry.position,
          index: entry.position - 1,
          ...(leaf && { leaf: leaf.toString('utf8') }),
          ...(salt && { salt: Buffer.from(salt).toString('base64') }),
          ...(body !== undefined && { body, event: await persons.open(body) }),
        }
      },
    }),
    operation({
      id: 'audit.proof',
      method: 'GET',
      url: '/api/audit/proofs/:position',
      summary: 'A receipt (.tlog-proof) that an entry is in the log, for keeping and for checking offline',
      access: { kind: 'action', action: 'viewEvents' },
      schemas: { params: position, reply: Type.Any() },
      handle: async ({ act, params, reply }) => {
        const entry = await findVisible(act, Number(params.position))
        const published = await findPublished()
        const covers = published !== undefined && published.size >= entry.position
        const state = covers ? published : await findLedgerState(storage.db)
        if (state === undefined || state.size < entry.position) throw new Fault('audit.entry_unknown')
        const tree = new Tree(state.size, (tile) => readLedgerTile(storage, tile))
        const path = await tree.inclusionProof(entry.position - 1)
        await reply
          .type('text/plain; charset=utf-8')
          .send(formatProof({ index: entry.position - 1, path, checkpoint: state.checkpoint }))
      },
    }),
    operation({
      id: 'audit.bodies',
      method: 'GET',
      url: '/api/audit/bodies',
      summary: 'Salts and bodies of the log in order, for an export that can be checked entry by entry',
      access: { kind: 'action', action: 'viewEvents' },
      schemas: {
        query: Type.Object(
          { after: Type.Optional(Type.String({ pattern: '^\\d{1,16}$' })) },
          { additionalProperties: false },
        ),
        reply: Type.Object({
          items: Type.Array(
            Type.Object({
              position: Type.Integer(),
              salt: Type.Optional(Type.String()),
              body: Type.Optional(Type.String()),
              away: Type.Optional(Type.String({ description: 'The archive that holds the body, which is not here' })),
            }),
          ),
          next: Type.Optional(Type.Integer()),
        }),
      },
      handle: async ({ act, query }) => {
        gate.require(act, 'viewEvents', deployment)
        const entries = await readEntries(storage, archives, Number(query.after ?? 0), pageOfBodies)
        const items = entries.map(({ position, salt, body, away }) => ({
          position,
          ...(salt && { salt: Buffer.from(salt).toString('base64') }),
          ...(body !== undefined && { body }),
          ...(away !== undefined && { away }),
        }))
        // A page ends where an archive does; only an empty one is the last.
        const last = items.at(-1)?.position
        return { items, ...(last !== undefined && { next: last }) }
      },
    }),
  ]

  /** With witnesses the newest that a quorum has cosigned, else the newest. */
  async function findPublished() {
    return (witnessed ? await findWitnessed(storage.db) : undefined) ?? (await findLedgerState(storage.db))
  }

  async function findVisible(act: Parameters<Gate['require']>[0], wanted: number) {
    const entry = await readEntry(storage, archives, wanted)
    const scope = entry?.organizationId === undefined ? deployment : { type: 'Organization', id: entry.organizationId }
    gate.require(act, 'viewEvents', scope)
    if (entry === undefined) throw new Fault('audit.entry_unknown')
    return entry
  }
}
