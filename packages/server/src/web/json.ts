/**
 * The first object key of a well-formed JSON text that stands twice in its object, or is `__proto__`; undefined when there is
 * none. Two readers of one text must not see two things (RFC 8259 §4).
 */
export function findAmbiguousKey(text: string): string | undefined {
  // The keys of each level for objects, a set where they are many; undefined for arrays.
  const levels: (string[] | Set<string> | undefined)[] = []
  let keyNext = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
        levels.push([])
        keyNext = true
        break
      case 0x5b: // [
        levels.push(undefined)
        keyNext = false
        break
      case 0x7d: // }
      case 0x5d: // ]
        levels.pop()
        keyNext = false
        break
      case 0x2c: // ,
        keyNext = levels.at(-1) !== undefined
        break
      case 0x22: {
        const end = endOfString(text, at)
        if (keyNext) {
          const raw = text.slice(at + 1, end)
          const key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
          if (key === '__proto__' || known(levels, key)) return key
          keyNext = false
        }
        at = end
      }
    }
  }
  return undefined
}

/** The place of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1
  for (;;) {
    const end = text.indexOf('"', at)
    if (end === -1) return text.length
    let slashes = 0
    for (let back = end - 1; text.charCodeAt(back) === 0x5c; back--) slashes++
    if (slashes % 2 === 0) return end
    at = end + 1
  }
}

/** Whether the innermost object has the key already; has it from now on. */
function known(levels: (string[] | Set<string> | undefined)[], key: string): boolean {
  const keys = levels[levels.length - 1] as string[] | Set<string>
  if (!Array.isArray(keys)) {
    if (keys.has(key)) return true
    keys.add(key)
    return false
  }
  if (keys.includes(key)) return true
  keys.push(key)
  if (keys.length > few) levels[levels.length - 1] = new Set(keys)
  return false
}

const few = 16
