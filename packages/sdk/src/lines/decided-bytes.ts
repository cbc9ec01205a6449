import type { EntityUid } from '@gatehouse/cedar'
import { asciiBytes, type LineBytes } from './line-bytes.ts'

const names = {
  principal: asciiBytes(',"principal":{"type":'),
  id: asciiBytes(',"id":'),
  action: asciiBytes('},"action":{"type":'),
  resource: asciiBytes('},"resource":{"type":'),
  outcome: asciiBytes('},"outcome":'),
  reasons: asciiBytes(',"reasons":'),
  errors: asciiBytes(',"errors":'),
  bundle: asciiBytes(',"bundle":'),
}

interface Asked {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
}

interface Answered {
  readonly outcome: string
  readonly reasons: readonly string[]
  readonly errors: readonly string[]
  readonly bundle: string
}

/**
 * What every journal has of a decision, an application's as the server's: names and ids only, no attribute, no context. Members of
 * an object that is begun already and goes on after.
 */
export function writeDecided(into: LineBytes, { principal, action, resource }: Asked, answered: Answered): void {
  into.raw(names.principal)
  writeUid(into, principal)
  into.raw(names.action)
  writeUid(into, action)
  into.raw(names.resource)
  writeUid(into, resource)
  into.raw(names.outcome)
  into.quoted(answered.outcome)
  into.raw(names.reasons)
  into.quotedAll(answered.reasons)
  into.raw(names.errors)
  into.quotedAll(answered.errors)
  into.raw(names.bundle)
  into.quoted(answered.bundle)
}

/** A name after the key that says whose; its closing brace comes with what follows. */
export function writeUid(into: LineBytes, { type, id }: EntityUid): void {
  into.quoted(type)
  into.raw(names.id)
  into.quoted(id)
}
