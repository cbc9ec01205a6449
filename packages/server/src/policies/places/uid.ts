import type { EntityUid } from '#authorization'
import type { Problems } from './problem.ts'
import type { Shape } from './shape.ts'
import { problemAt, scalarOf } from './yaml.ts'

const uidShape = /^((?:[A-Za-z_][A-Za-z0-9_]*::)*[A-Za-z_][A-Za-z0-9_]*)::("(?:[^"\\]|\\.)*")$/

/** Reads an entity as Cedar writes it, `Type::"id"`; undefined when it is not one. */
export function parseUid(text: string): EntityUid | undefined {
  const match = uidShape.exec(text)
  if (match === null) return undefined
  try {
    return { type: match[1] as string, id: JSON.parse(match[2] as string) as string }
  } catch {
    return undefined
  }
}

/** An entity as Cedar writes it. */
export function formatUid(uid: EntityUid): string {
  return `${uid.type}::${JSON.stringify(uid.id)}`
}

/** An entity in a file: `Type::"id"`. */
export const uid: Shape<EntityUid> = (located, problems: Problems) => {
  const value = scalarOf(located)
  const read = typeof value === 'string' ? parseUid(value) : undefined
  return read ?? problemAt(located, problems, `must be an entity, as in User::"alice"`)
}
