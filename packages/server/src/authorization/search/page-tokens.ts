import { createHash } from 'node:crypto'
import { definePurposes } from '#keyring'
import { type Members, wrong } from '../authzen/request.ts'
import type { EntityUid } from '../entities/source.ts'
import type { CookieSealer } from '../forward-auth/ports.ts'

export const pagePurpose = 'authorization.search-page'
definePurposes({ [pagePurpose]: 'Where the next page of a search begins' })

/** Whose search a page token continues, and which. */
export interface Bound {
  readonly caller: EntityUid
  readonly application: string
  readonly kind: string
  /** The request; its `page` does not count. */
  readonly body: Members
}

/**
 * Page tokens of searches: where to go on, sealed for the one caller, application and request. They show nothing, and nobody else
 * (nor the same caller with another question) can use them.
 */
export class PageTokens {
  readonly #sealer: CookieSealer

  constructor(sealer: CookieSealer) {
    this.#sealer = sealer
  }

  make(after: string, bound: Bound): string {
    return Buffer.from(this.#sealer.seal(pagePurpose, Buffer.from(after), contextOf(bound))).toString('base64url')
  }

  /** @throws {Fault} `authorization.request_invalid` for a token that is not of this caller's search */
  async read(token: string, bound: Bound): Promise<string> {
    try {
      if (!/^[\w-]{20,8000}$/.test(token)) throw new TypeError('no token')
      const sealed = Buffer.from(token, 'base64url')
      return Buffer.from(await this.#sealer.unseal(pagePurpose, sealed, contextOf(bound))).toString('utf8')
    } catch {
      throw wrong('/body/page/token', 'is not one that this search of yours was given')
    }
  }
}

function contextOf({ caller, application, kind, body }: Bound): string {
  const { subject, action, resource, context } = body
  const parts = [caller.type, caller.id, application, kind, ordered({ subject, action, resource, context })]
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
}

/** The same value with its members in order: how a client orders them makes no other request. */
function ordered(json: unknown): unknown {
  if (typeof json !== 'object' || json === null) return json
  if (Array.isArray(json)) return json.map(ordered)
  return Object.entries(json)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => [name, ordered(value)])
}
