/** Objects with more keys than this get a set. */
const few = 16

/**
 * Where the keys of the objects that are open begin and end in the text, the innermost last; used again by every call, for nothing here
 * waits. A level is where its keys begin, or `array`.
 */
const keys: number[] = []
const levels: number[] = []
/** Of objects with many keys: their keys so far, by where their keys begin. */
const large = new Map<number, Set<string>>()
const array = -1

/**
 * The first object key of a well-formed JSON text that stands twice in its object, or is `__proto__`; undefined when there is
 * none. Two readers of one text must not see two things (RFC 8259 §4). Makes no string of a key that is alone.
 */
export function findAmbiguousKey(text: string): string | undefined {
  keys.length = levels.length = 0
  large.clear()
  let keyNext = false
  const { length } = text
  for (let at = 0; at < length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        levels.push(keys.length)
        keyNext = true
        break
      case 0x5b: // [
        levels.push(array)
        keyNext = false
        break
      case 0x7d: // }
      case 0x5d: {
        // ]
        const level = levels.pop()
        if (level !== undefined && level !== array) {
          keys.length = level
          if (large.size > 0) large.delete(level)
        }
        keyNext = false
        break
      }
      case 0x2c: // ,
        keyNext = (levels[levels.length - 1] ?? array) !== array
        break
      case 0x22: {
        const end = endOfString(text, at + 1)
        if (keyNext) {
          const found = ambiguous(text, at + 1, end)
          if (found !== undefined) return found
          keyNext = false
        }
        at = end
      }
    }
  }
  return undefined
}

/** The place of the quote that ends the string whose letters begin at `start`. */
function endOfString(text: string, start: number): number {
  const { length } = text
  for (let at = start; at < length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) return at
    if (code === 0x5c) at++
  }
  return length
}

/** The key between two places when the innermost object has it already, or nobody may; has it from now on. */
function ambiguous(text: string, start: number, end: number): string | undefined {
  const level = levels[levels.length - 1] as number
  const count = (keys.length - level) >> 1
  const isEscaped = hasBackslash(text, start, end)
  if (count < few && !isEscaped && !large.has(level)) {
    if (isProto(text, start, end)) return '__proto__'
    for (let at = level; at < keys.length; at += 2)
      if (isSame(text, keys[at] as number, keys[at + 1] as number, start, end)) return text.slice(start, end)
    keys.push(start, end)
    return undefined
  }
  // Many keys, or one that may be spelled in another way: told by what they say.
  let known = large.get(level)
  if (known === undefined) {
    known = new Set()
    for (let at = level; at < keys.length; at += 2) known.add(text.slice(keys[at] as number, keys[at + 1] as number))
    large.set(level, known)
    // INVARIANT: an object inside begins after this one, so that no two that are open share a place.
    keys.push(start, end)
  }
  const raw = text.slice(start, end)
  const key = isEscaped ? (JSON.parse(`"${raw}"`) as string) : raw
  if (key === '__proto__' || known.has(key)) return key
  known.add(key)
  return undefined
}

function hasBackslash(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (text.charCodeAt(at) === 0x5c) return true
  return false
}

const isProto = (text: string, start: number, end: number): boolean =>
  end - start === 9 && text.charCodeAt(start) === 0x5f && text.startsWith('__proto__', start)

function isSame(text: string, start: number, end: number, otherStart: number, otherEnd: number): boolean {
  if (end - start !== otherEnd - otherStart) return false
  for (let at = start, other = otherStart; at < end; at++, other++)
    if (text.charCodeAt(at) !== text.charCodeAt(other)) return false
  return true
}
