/** Where time comes from; an argument everywhere, so that tests can move it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number
}

export const systemClock: Clock = { nowMs: () => Date.now() }

/** A clock for tests that stands still until it is moved. */
export class ManualClock implements Clock {
  #nowMs: number
  constructor(nowMs: number) {
    this.#nowMs = nowMs
  }
  nowMs(): number {
    return this.#nowMs
  }
  advanceMs(ms: number): void {
    this.#nowMs += ms
  }
}
