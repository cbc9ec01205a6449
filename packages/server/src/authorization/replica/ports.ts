/** What no longer counts although its end has not come, as readers are told. */
export interface ToldRevocation {
  readonly kind: string
  readonly id: string
  readonly except?: string | undefined
  readonly beforeMs: number | undefined
  readonly untilMs: number
  /** Whose it is. */
  readonly organizationId?: string | undefined
  /** Else whom it is about: theirs are the organizations that are told. Where nobody is known, everybody is. */
  readonly principals?: readonly string[] | undefined
}

/** The revocations in force at this node: implemented by the room that keeps them, joined in `gatehouse.ts`. */
export interface RevocationSource {
  all(): Iterable<ToldRevocation>
  /** Tells of each at once, lifted ones too (with `beforeMs`). Returns what ends it. */
  onAdd(listener: (revocation: ToldRevocation) => void): () => void
  /** Newest feed position that it knows of. */
  readonly position: number
}

/** Seals the cursors that readers come back with. */
export interface CursorSealer {
  seal(purpose: string, plain: Uint8Array, context: string): Uint8Array
  unseal(purpose: string, sealed: Uint8Array, context: string): Promise<Uint8Array>
}
