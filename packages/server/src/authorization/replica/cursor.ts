import { hash } from 'node:crypto'
import type { FeedEvent } from '#feed'
import { definePurposes } from '#keyring'
import type { CursorSealer } from './ports.ts'

const purpose = 'authorization.replica-cursor'
definePurposes({ [purpose]: 'Cursors of applications that decide for themselves' })

/** A position of the feed, in the history that it is of. */
export interface Place {
  readonly position: number
  readonly mark: string
}

/** What tells an event from any other that ever had its position: two histories part where theirs differ. */
export const markOf = ({ type, atMs, object, requestId }: FeedEvent): string =>
  hash('sha256', JSON.stringify([type, atMs, object.id, requestId]), 'base64url').slice(0, 16)

/** Where a replica stands in the feed: sealed, for positions would tell how much happens elsewhere. */
export class ReplicaCursors {
  readonly #sealer: CursorSealer

  constructor(sealer: CursorSealer) {
    this.#sealer = sealer
  }

  /** @param mark tells the history that the position is of from every other, as one after a restoration */
  seal(application: string, { position, mark }: Place): string {
    const plain = Buffer.from(`${position} ${mark}`)
    return Buffer.from(this.#sealer.seal(purpose, plain, application)).toString('base64url')
  }

  /** Undefined when it is not one of this application. */
  async read(application: string, cursor: unknown): Promise<Place | undefined> {
    if (typeof cursor !== 'string' || !/^[\w-]{20,400}$/.test(cursor)) return undefined
    try {
      const bytes = await this.#sealer.unseal(purpose, Buffer.from(cursor, 'base64url'), application)
      const [text = '', mark = ''] = Buffer.from(bytes).toString('utf8').split(' ')
      const position = Number(text)
      return Number.isSafeInteger(position) ? { position, mark } : undefined
    } catch {
      return undefined
    }
  }
}
