/**
 * What retries may cost together: a failure takes one token, a success gives a tenth back, and nobody retries below half. A
 * server in trouble so gets at most a tenth more than the ordinary load, not three times it.
 */
export class RetryBudget {
  readonly #most: number
  #tokens: number

  constructor(most = 10) {
    this.#most = most
    this.#tokens = most
  }

  succeeded(): void {
    this.#tokens = Math.min(this.#most, this.#tokens + 0.1)
  }

  failed(): void {
    this.#tokens = Math.max(0, this.#tokens - 1)
  }

  get allowsRetry(): boolean {
    return this.#tokens > this.#most / 2
  }
}
