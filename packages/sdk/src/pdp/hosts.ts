/**
 * Whether a request may have been meant for us, by its `Host`. A page in a browser on this machine can have its own name lead to our
 * address and then read our answers as its own (DNS rebinding); it cannot send another name than its own. So a name that somebody else may
 * own, one with a dot, is refused unless it was named to us; addresses, `localhost` and names of one word are nobody's.
 * @param host as received; a request without one comes from no browser
 */
export function isOurHost(host: string | undefined, named: ReadonlySet<string>): boolean {
  if (host === undefined || host === '') return true
  const name = /^(\[[\da-f:.]+\]|[^:\s]+?)\.?(:\d{1,5})?$/i.exec(host)?.[1]?.toLowerCase()
  if (name === undefined) return false
  if (named.has(name)) return true
  if (name.startsWith('[') || /^\d{1,3}(\.\d{1,3}){3}$/.test(name)) return true
  return !name.includes('.') || name.endsWith('.localhost')
}
