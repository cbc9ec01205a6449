import { type IncomingHttpHeaders, request } from 'node:http'

export interface Received {
  /** The address that answered. */
  readonly url: string
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Sending {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * One request over loopback, whatever its host name: `*.localhost` is this machine (RFC 6761 §6.3), which not every resolver
 * knows. Follows no redirect.
 */
export function send(url: string, { method = 'GET', headers = {}, body }: Sending = {}): Promise<Received> {
  const { host, port, pathname, search } = new URL(url)
  return new Promise((resolve, reject) => {
    const sending = request(
      { host: '127.0.0.1', port, path: pathname + search, method, headers: { host, ...headers }, agent: false },
      (reply) => {
        const chunks: Buffer[] = []
        reply.on('data', (chunk: Buffer) => chunks.push(chunk))
        reply.once('error', reject)
        reply.once('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ url, status: reply.statusCode ?? 0, headers: reply.headers, body: text })
        })
      },
    )
    sending.once('error', reject)
    sending.end(body)
  })
}

/** Cookies by host, as a browser keeps them: a cookie set for one host is sent to no other. */
export class CookieJar {
  readonly #cookies = new Map<string, Map<string, string>>()

  keep({ url, headers }: Received): void {
    const { host } = new URL(url)
    const ofHost = this.#cookies.get(host) ?? new Map<string, string>()
    this.#cookies.set(host, ofHost)
    for (const line of headers['set-cookie'] ?? []) {
      const [pair = '', ...attributes] = line.split(';')
      const at = pair.indexOf('=')
      const name = pair.slice(0, at).trim()
      const gone = attributes.some((one) => /^\s*max-age=0\s*$/i.test(one) || /^\s*expires=.*1970/i.test(one))
      if (gone) ofHost.delete(name)
      else ofHost.set(name, pair.slice(at + 1))
    }
  }

  header(url: string): string {
    return [...(this.#cookies.get(new URL(url).host) ?? [])].map(([name, value]) => `${name}=${value}`).join('; ')
  }
}
