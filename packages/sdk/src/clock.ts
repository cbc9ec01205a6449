/** Time and chance, so that tests can have their own. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  nowMs(): number
  /** Milliseconds that never go back. */
  monotonicMs(): number
  /** From 0 (included) to 1 (not included). */
  random(): number
}

export const realSurroundings: Surroundings = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  random: () => Math.random(),
}
