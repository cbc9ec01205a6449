/** Where people go who came to sign in for no other reason. */
export const accountPath = '/account'

/**
 * An address of our own as path and query, or the account page for anything else: never another origin, whatever browsers make
 * of backslashes, control characters or two slashes.
 */
export function parseReturnTo(text: unknown, ownOrigin: string): string {
  const path = parseOwnPath(text, ownOrigin)
  // Back to where one signs in or out would go round in a circle.
  return path === undefined || /^\/(sign-in|sign-out|enrol|setup|invitation|reset|register)([/?]|$)/.test(path)
    ? accountPath
    : path
}

/** An address of our own as path and query, whatever is there; undefined for anything else. */
export function parseOwnPath(text: unknown, ownOrigin: string): string | undefined {
  if (typeof text !== 'string' || text.length > 4_000 || !/^\/[\x21-\x7e]*$/.test(text) || /^\/[/\\]/.test(text))
    return undefined
  const url = URL.parse(text, ownOrigin)
  if (url === null || url.origin !== ownOrigin || url.pathname.startsWith('//')) return undefined
  return `${url.pathname}${url.search}`
}

/** Whether a redirect there stays on pages of ours, so that it may follow a form's answer (see `sendPage`). */
export const isOwnPage = (path: string): boolean => /^\/(account|console)(\/|\?|$)/.test(path)
