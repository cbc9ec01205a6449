import { readFile, stat } from 'node:fs/promises'

interface Reader {
  get(address: string): { country?: { iso_code?: unknown }; registered_country?: { iso_code?: unknown } } | null
}

const lookMs = 60_000

/**
 * Countries of addresses by an offline data set (MMDB, as GeoLite2-Country, DB-IP and others are published): nothing is asked
 * of anybody. Loaded when first needed; a file that was replaced counts within a minute.
 */
export class Countries {
  readonly #file: string
  #reader: Reader | undefined
  #changedMs = -1
  #lookAgainMs = 0

  constructor(file: string) {
    this.#file = file
  }

  /**
   * ISO 3166-1 alpha-2; undefined for an address that the data set does not know.
   * @throws {Error} for a file that cannot be read or is no MMDB
   */
  async find(address: string, nowMs: number): Promise<string | undefined> {
    const found = (await this.#open(nowMs)).get(address)
    const code = found?.country?.iso_code ?? found?.registered_country?.iso_code
    return typeof code === 'string' && /^[A-Z]{2}$/.test(code) ? code : undefined
  }

  async #open(nowMs: number): Promise<Reader> {
    if (this.#reader !== undefined && nowMs < this.#lookAgainMs) return this.#reader
    const { mtimeMs } = await stat(this.#file)
    if (this.#reader === undefined || mtimeMs !== this.#changedMs) {
      const { Reader: Mmdb } = await import('mmdb-lib')
      this.#reader = new Mmdb(await readFile(this.#file)) as unknown as Reader
      this.#changedMs = mtimeMs
    }
    this.#lookAgainMs = nowMs + lookMs
    return this.#reader
  }
}
