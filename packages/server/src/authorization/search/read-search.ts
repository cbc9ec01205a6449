import {
  type AuthzenAction,
  type AuthzenEntity,
  isMembers,
  type Members,
  readAction,
  readEntity,
  readMembers,
  readText,
  wrong,
} from '../authzen/request.ts'

export const searchKinds = ['subject', 'resource', 'action'] as const
export type SearchKind = (typeof searchKinds)[number]

/** The entity looked for, by its type. */
export interface Wanted {
  readonly type: string
}

/** A search as the caller asks it (AuthZEN 1.0, "Subject Search API", "Resource Search API", "Action Search API"). */
export type Search = { readonly context: Members | undefined } & (
  | {
      readonly kind: 'subject'
      readonly subject: Wanted
      readonly action: AuthzenAction
      readonly resource: AuthzenEntity
    }
  | {
      readonly kind: 'resource'
      readonly subject: AuthzenEntity
      readonly action: AuthzenAction
      readonly resource: Wanted
    }
  | { readonly kind: 'action'; readonly subject: AuthzenEntity; readonly resource: AuthzenEntity }
)

export interface Page {
  /** Whether the caller speaks of pages at all. */
  readonly asked: boolean
  readonly limit: number
  readonly token: string | undefined
}

export const pageDefault = 100
export const pageMost = 1_000

/**
 * Reads a search. An id of what is looked for is ignored, as the specification says, and so are its properties: no two entities
 * have the same ones.
 * @throws {Fault} `authorization.request_invalid` with the place
 */
export function readSearch(kind: SearchKind, body: Members): Search {
  const context = readMembers(body.context, '/body/context')
  switch (kind) {
    case 'subject':
      return {
        kind,
        subject: readWanted(body.subject, '/body/subject'),
        action: readAction(body.action, undefined, '/body/action'),
        resource: readEntity(body.resource, undefined, '/body/resource'),
        context,
      }
    case 'resource':
      return {
        kind,
        subject: readEntity(body.subject, undefined, '/body/subject'),
        action: readAction(body.action, undefined, '/body/action'),
        resource: readWanted(body.resource, '/body/resource'),
        context,
      }
    case 'action':
      return {
        kind,
        subject: readEntity(body.subject, undefined, '/body/subject'),
        resource: readEntity(body.resource, undefined, '/body/resource'),
        context,
      }
  }
}

/** @throws {Fault} `authorization.request_invalid` with the place */
export function readPage(body: Members): Page {
  const { page } = body
  if (page === undefined || page === null) return { asked: false, limit: pageDefault, token: undefined }
  if (!isMembers(page)) throw wrong('/body/page', 'must be an object')
  const { limit = pageDefault, token = '' } = page
  if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 1)
    throw wrong('/body/page/limit', 'must be an integer of 1 or more')
  if (typeof token !== 'string') throw wrong('/body/page/token', 'must be a string')
  // An empty token is what the last page gives: nobody who sends it back shall loop over the first page for ever.
  if (token === '' && page.token !== undefined) throw wrong('/body/page/token', 'is empty: there is no further page')
  return { asked: true, limit: Math.min(limit, pageMost), token: token === '' ? undefined : token }
}

function readWanted(given: unknown, at: string): Wanted {
  if (given === undefined) throw wrong(at, 'is missing')
  if (!isMembers(given)) throw wrong(at, 'must be an object')
  return { type: readText(given.type, `${at}/type`) }
}
