/** Which methods each address takes, so that a wrong one is told apart from a wrong address (RFC 9110 §15.5.6). */
export class MethodTable {
  readonly #routes: { readonly shape: RegExp; readonly methods: Set<string> }[] = []
  readonly #byUrl = new Map<string, Set<string>>()

  note(url: string, methods: string | readonly string[]): void {
    let known = this.#byUrl.get(url)
    if (known === undefined) {
      known = new Set()
      this.#byUrl.set(url, known)
      const shape = url
        .split('/')
        .map((part) =>
          part === '*' ? '.*' : part.includes(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'),
        )
        .join('/')
      // A lone wildcard takes everything and so says nothing.
      if (url !== '*' && url !== '/*') this.#routes.push({ shape: new RegExp(`^${shape}$`), methods: known })
    }
    for (const method of [methods].flat()) known.add(method)
  }

  /** The methods that the path takes, sorted; empty when nothing is there. */
  allowed(path: string): string[] {
    const found = this.#routes.filter(({ shape }) => shape.test(path)).flatMap(({ methods }) => [...methods])
    return [...new Set(found)].sort()
  }
}
