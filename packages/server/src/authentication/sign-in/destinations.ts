/** Finds the application that an own address leads to, by what the server itself keeps about it. */
export type FindDestination = (path: string, query: URLSearchParams) => Promise<string | undefined>

/**
 * Which application a sign-in is for, as policies are told. INVARIANT: known from what stands at the address (an authorization that was
 * begun, a registered origin), never from what a browser says of it.
 */
export class Destinations {
  readonly #finders: FindDestination[] = []

  /** Later rooms add theirs when they open. */
  add(find: FindDestination): void {
    this.#finders.push(find)
  }

  /** @param returnTo path and query of our own */
  async applicationOf(returnTo: string): Promise<string | undefined> {
    const [path = '', query = ''] = returnTo.split(/\?(.*)/s)
    const asked = new URLSearchParams(query)
    for (const find of this.#finders) {
      const found = await find(path, asked)
      if (found !== undefined) return found
    }
    return undefined
  }
}
