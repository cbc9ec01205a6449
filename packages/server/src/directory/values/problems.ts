import { Fault } from '#kernel'
import '../faults.ts'

export interface ValueProblem {
  /** JSON pointer (RFC 6901) into the body. */
  readonly pointer: string
  readonly detail: string
}

/** Gathers what is wrong with the values of one request, so that all of it is told at once. */
export class Problems {
  readonly #found: ValueProblem[] = []

  add(pointer: string, detail: string): void {
    this.#found.push({ pointer, detail })
  }

  /** Adds a problem unless `right`; returns `right`. */
  check(right: boolean, pointer: string, detail: string): boolean {
    if (!right) this.add(pointer, detail)
    return right
  }

  /** @throws {Fault} `directory.invalid` when anything was added */
  throwIfAny(): void {
    const first = this.#found[0]
    if (first === undefined) return
    throw new Fault('directory.invalid', {
      detail: `${first.pointer} ${first.detail}`,
      extra: { errors: this.#found.slice(0, 50) },
    })
  }
}
