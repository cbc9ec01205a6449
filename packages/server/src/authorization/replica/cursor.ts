import { definePurposes } from '#keyring'
import type { CursorSealer } from './ports.ts'

const purpose = 'authorization.replica-cursor'
definePurposes({ [purpose]: 'Cursors of applications that decide for themselves' })

/** Where a replica stands in the feed: sealed, for positions would tell how much happens elsewhere. */
export class ReplicaCursors {
  readonly #sealer: CursorSealer

  constructor(sealer: CursorSealer) {
    this.#sealer = sealer
  }

  seal(application: string, position: number): string {
    return Buffer.from(this.#sealer.seal(purpose, Buffer.from(String(position)), application)).toString('base64url')
  }

  /** Undefined when it is not one of this application. */
  async read(application: string, cursor: unknown): Promise<number | undefined> {
    if (typeof cursor !== 'string' || !/^[\w-]{20,400}$/.test(cursor)) return undefined
    try {
      const bytes = await this.#sealer.unseal(purpose, Buffer.from(cursor, 'base64url'), application)
      const position = Number(Buffer.from(bytes).toString('utf8'))
      return Number.isSafeInteger(position) ? position : undefined
    } catch {
      return undefined
    }
  }
}
