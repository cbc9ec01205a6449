const known = new Map<string, string>()

/**
 * Registers what a room seals, each purpose (`room.what`) with a sentence. Every purpose has data keys of its own, made at
 * start, so that sealing never waits and never writes.
 * @throws {TypeError} when a purpose is defined twice
 */
export function definePurposes(table: Readonly<Record<string, string>>): void {
  for (const [purpose, says] of Object.entries(table)) {
    if (known.has(purpose)) throw new TypeError(`purpose ${purpose} is defined twice`)
    known.set(purpose, says)
  }
}

/** Every purpose that any loaded room seals for, with its sentence. */
export function allPurposes(): ReadonlyMap<string, string> {
  return known
}
