/**
 * Turns of the event loop for work that must hold up nobody: whoever asks goes on in a later turn, one in each, however many ask. What
 * is done in one is to be a small part of a millisecond's work.
 */
export class Turns {
  readonly #waiting: (() => void)[] = []
  #isDue = false

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      this.#await()
    })
  }

  #await(): void {
    if (this.#isDue) return
    this.#isDue = true
    setImmediate(() => {
      this.#isDue = false
      this.#waiting.shift()?.()
      if (this.#waiting.length > 0) this.#await()
    })
  }
}
