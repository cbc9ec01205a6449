/** A source of choices read from numbers: a shorter or smaller tape makes a simpler case, so cases shrink. */
export class Tape {
  readonly #choices: readonly number[]
  #at = 0
  constructor(choices: readonly number[]) {
    this.#choices = choices
  }

  /** A number from 0 to `below` - 1; 0 once the tape has run out. */
  below(below: number): number {
    return (this.#choices[this.#at++] ?? 0) % below
  }

  chance(one: number, of: number): boolean {
    return this.below(of) >= of - one
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T
  }

  many<T>(most: number, make: () => T): T[] {
    return Array.from({ length: this.below(most + 1) }, make)
  }
}
