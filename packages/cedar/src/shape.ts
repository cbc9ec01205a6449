/** The sorted keys of a record and where each one's value stands. Equal shapes are usually, not always, one object. */
export class Shape {
  readonly keys: readonly string[]
  readonly index: Map<string, number>
  readonly next = new Map<string, Shape>()
  constructor(keys: readonly string[]) {
    this.keys = keys
    this.index = new Map(keys.map((key, at) => [key, at]))
  }
}

// INVARIANT: the tables below only save memory and time. A hostile source of ever new keys makes them start afresh,
// never grow: records compare by keys where their shapes differ.
const mostShapes = 5_000
const mostKeys = 64
let root = new Shape([])
let known = 0

/** The shape of sorted, distinct keys. */
export function shapeOf(keys: readonly string[]): Shape {
  if (keys.length > mostKeys) return new Shape(keys)
  let shape = root
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string
    let next = shape.next.get(key)
    if (next === undefined) {
      if (known >= mostShapes) {
        root = new Shape([])
        known = 0
        return new Shape(keys)
      }
      next = new Shape(keys.slice(0, at + 1))
      shape.next.set(key, next)
      known++
    }
    shape = next
  }
  return shape
}
