/** A browser's cookie jar over `fetch`, which follows redirects only when told to: one host, paths respected. */
export class TestBrowser {
  readonly #cookies = new Map<string, { value: string; path: string }>()

  set(cookie: string): void {
    const [name, value] = cookie.split('=') as [string, string]
    this.#cookies.set(name, { value, path: '/' })
  }

  cookie(name: string): string | undefined {
    return this.#cookies.get(name)?.value
  }

  async get(url: string | URL, headers: Record<string, string> = {}): Promise<Response> {
    return this.#send(url, { headers })
  }

  async post(url: string | URL, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    return this.#send(url, { method: 'POST', body: new URLSearchParams(form), headers })
  }

  async #send(url: string | URL, init: RequestInit): Promise<Response> {
    const { pathname } = new URL(url)
    const cookie = [...this.#cookies]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ')
    const headers = {
      accept: 'text/html',
      ...(init.headers as Record<string, string>),
      ...(cookie !== '' && { cookie }),
    }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(';').map((part) => part.trim())
      const [name, value] = (pair as string).split(/=(.*)/s) as [string, string]
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/'
      if (value === '' || /expires=Thu, 01 Jan 1970/.test(line)) this.#cookies.delete(name)
      else this.#cookies.set(name, { value, path })
    }
    return response
  }
}
