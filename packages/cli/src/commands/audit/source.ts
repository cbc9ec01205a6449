import { createReadStream, existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseVerifierKey, type Tile, tilePath, type VerifierKey } from '@gatehouse/tlog'
import type { Client } from '../../client/client.ts'
import { exits, Failure, usage } from '../../failure.ts'
import { broken } from './broken.ts'

/** Salt and body of an entry as exported; both absent once erased. */
export interface Body {
  readonly position: number
  readonly salt?: string
  readonly body?: string
  /** The archive that holds the two, which the server does not have at hand. */
  readonly away?: string
}

/** A log to check: where its files come from, and by which key. */
export interface LogSource {
  readonly checkpoint: string
  readonly key: VerifierKey
  readTile(tile: Tile): Promise<Uint8Array | undefined>
  /** Bodies in order of position. */
  bodies(): AsyncIterable<Body>
}

export interface AboutLog {
  readonly origin: string
  readonly verifierKey: string
  readonly size: number
}

/** The log of a running Gatehouse. Without `key` the server's own word is taken for it. */
export async function openServed(client: Client, key: string | undefined): Promise<LogSource> {
  const about = (await client.get<AboutLog>('/api/audit/log')).body
  const checkpoint = await (await client.send('GET', '/audit/log/checkpoint')).text()
  return {
    checkpoint,
    key: readKey(key ?? about.verifierKey),
    readTile: async (tile) => {
      try {
        return new Uint8Array(await (await client.send('GET', `/audit/log/${tilePath(tile)}`)).arrayBuffer())
      } catch (error) {
        if (error instanceof Failure && error.exit === exits.notFound) return undefined
        throw error
      }
    },
    bodies: async function* () {
      let after: number | undefined = 0
      while (after !== undefined) {
        const { body: page }: { body: { items: Body[]; next?: number } } = await client.get('/api/audit/bodies', {
          query: { after },
        })
        yield* page.items
        after = page.next
      }
    },
  }
}

/** The log that `gatehouse audit export` wrote. Needs nothing else. */
export async function openExported(directory: string, key: string | undefined): Promise<LogSource> {
  const text = async (name: string) => {
    const found = await readIfThere(join(directory, name))
    if (found === undefined)
      throw usage(`${directory} has no file "${name}"`, 'Name a directory that "gatehouse audit export" wrote')
    return found.toString('utf8')
  }
  return {
    checkpoint: await text('checkpoint'),
    key: readKey(key ?? (await text('key')).trim()),
    readTile: (tile) => readIfThere(join(directory, tilePath(tile))),
    bodies: async function* () {
      const path = join(directory, 'bodies.ndjson')
      if (!existsSync(path))
        throw usage(`${directory} has no file "bodies.ndjson"`, 'Name a directory that "gatehouse audit export" wrote')
      let number = 0
      for await (const line of createInterface({
        input: createReadStream(path),
        crlfDelay: Number.POSITIVE_INFINITY,
      })) {
        number++
        if (line !== '') yield readBody(line, number)
      }
    },
  }
}

function readBody(line: string, number: number): Body {
  try {
    return JSON.parse(line) as Body
  } catch (error) {
    throw broken(`bodies.ndjson line ${number} is not JSON`, error)
  }
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '')) return undefined
    throw error
  }
}

function readKey(text: string): VerifierKey {
  try {
    return parseVerifierKey(text)
  } catch (error) {
    throw usage(`The verifier key is not one: ${error instanceof Error ? error.message : String(error)}`)
  }
}
