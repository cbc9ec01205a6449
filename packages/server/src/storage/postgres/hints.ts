import type { Client } from 'pg'
import type { Secret } from '#kernel'

/** Listens for `NOTIFY gatehouse` of any node, and reconnects when the line is cut. Only a hint that something changed. */
export class Hints {
  readonly #url: Secret
  readonly #listeners = new Set<() => void>()
  #client: Client | undefined
  #closed = false

  constructor(url: Secret) {
    this.#url = url
  }

  async start(): Promise<void> {
    const { default: pg } = await import('pg')
    const client = new pg.Client({ connectionString: this.#url.reveal(), application_name: 'gatehouse hints' })
    client.on('notification', () => this.tell())
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    await client.connect()
    await client.query('listen gatehouse')
    if (this.#closed) return void (await client.end())
    this.#client = client
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }

  onHint(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client?.end().catch(() => undefined)
  }

  #lost(client: Client): void {
    if (this.#closed || this.#client !== client) return
    this.#client = undefined
    const again = () => {
      if (this.#closed) return
      this.start().then(
        () => this.tell(),
        () => setTimeout(again, 500).unref(),
      )
    }
    setTimeout(again, 100).unref()
  }
}
