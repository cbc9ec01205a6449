import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Feed } from '#feed'
import { type Clock, Meter, type OrganizationId, systemClock, systemEntropy, type UserId } from '#kernel'
import { type Keyring, openKeyring } from '#keyring'
import { openStorage, type Storage } from '#storage'
import { createWeb, makeLogger, type Operation, type Web } from '#web'
import { migrations } from '../../src/migrations.ts'
import type { Scratch } from './engines.ts'

export interface Shell {
  readonly web: Web
  readonly storage: Storage
  readonly feed: Feed
  readonly keyring: Keyring
  readonly lines: string[]
  /** Base address. */
  readonly url: string
  close(): Promise<void>
}

export interface ShellOptions {
  readonly clock?: Clock
  readonly operations: (rooms: { storage: Storage; feed: Feed; keyring: Keyring; web: Web }) => Operation[]
  readonly drainMs?: number
}

/**
 * The web shell with test operations on a scratch database, listening. A sender is who `X-Test-User` names; everybody else is
 * anonymous.
 */
export async function startShell(scratch: Scratch, options: ShellOptions): Promise<Shell> {
  const { clock = systemClock } = options
  const storage = await openStorage(scratch.address, { clock, migrations })
  const lines: string[] = []
  const logger = makeLogger('trace', { write: (line: string) => void lines.push(line) })
  const onError = (where: string, err: unknown) => logger.error({ err, where }, 'failed')
  const meter = new Meter()
  const feed = new Feed({ storage, clock, meter, onError })
  const rootKeyFile = join(scratch.directory, 'root.key')
  const keyring = await openKeyring({ storage, feed, clock, entropy: systemEntropy, meter, rootKeyFile, onError })
  const url = 'http://localhost'
  const web = await createWeb({
    url,
    trustedProxies: [],
    logger,
    clock,
    entropy: systemEntropy,
    meter,
    storage,
    keyring,
    ...(options.drainMs !== undefined && { drainMs: options.drainMs }),
  })
  web.identifyBy(async (request) => {
    const name = request.headers['x-test-user']
    if (typeof name !== 'string') return undefined
    const actor = {
      type: 'user',
      id: `user_${name}` as UserId,
      organizationId: 'org_1' as OrganizationId,
      name,
    } as const
    return { actor, via: 'bearer' }
  })
  web.add(...options.operations({ storage, feed, keyring, web }))
  const listening = await web.app.listen({ host: '127.0.0.1', port: 0 })
  return {
    web,
    storage,
    feed,
    keyring,
    lines,
    url: listening,
    close: async () => {
      await web.close()
      await keyring.close()
      await feed.close()
      await storage.close()
    },
  }
}

/** A text to plant and then look for. */
export const canary = () => `canary${randomBytes(12).toString('hex')}`
