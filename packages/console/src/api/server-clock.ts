import { useSyncExternalStore } from 'react'

/** This machine's clock minus the server's, in milliseconds, as the last answer told; 0 until one did. */
let skewMs = 0
const watchers = new Set<() => void>()
/** `Date` has whole seconds, and an answer takes its time. */
const tellsMs = 90_000

/** Takes the server's time from an answer (RFC 9110 §6.6.1). */
export function readClock(response: Response): void {
  const theirs = Date.parse(response.headers.get('date') ?? '')
  if (Number.isNaN(theirs)) return
  const before = off()
  skewMs = Date.now() - theirs
  if (off() !== before) for (const tell of watchers) tell()
}

/** Now, by the server's clock: for what is to begin or end there. */
export const serverNowMs = (): number => Date.now() - (Math.abs(skewMs) > tellsMs ? skewMs : 0)

const off = (): number => (Math.abs(skewMs) > tellsMs ? Math.round(skewMs / 60_000) : 0)

function watch(tell: () => void): () => void {
  watchers.add(tell)
  return () => void watchers.delete(tell)
}

/** By how many minutes this machine's clock is ahead of the server's (behind: negative); 0 where they agree. */
export const useMinutesOff = (): number => useSyncExternalStore(watch, off)
