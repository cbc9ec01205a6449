import { Worker } from 'node:worker_threads'

interface Waiting {
  readonly resolve: (right: boolean) => void
  readonly reject: (error: unknown) => void
}

const idleMs = 30_000
let worker: Worker | undefined
let idle: NodeJS.Timeout | undefined
let last = 0
const waiting = new Map<number, Waiting>()

/**
 * Whether a bcrypt hash is of this password, found out on another thread, which ends after half a minute without work.
 * @throws {Error} when that thread fails
 */
export function compareBcrypt(password: string, hash: string): Promise<boolean> {
  clearTimeout(idle)
  worker ??= start()
  // Only work that is under way keeps the process.
  worker.ref()
  const id = ++last
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject })
    worker?.postMessage({ id, password, hash })
  })
}

function start(): Worker {
  const made = new Worker(new URL('./bcrypt-worker.ts', import.meta.url), {
    resourceLimits: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 },
  })
  made.on('message', ({ id, right }: { id: number; right: boolean }) => {
    waiting.get(id)?.resolve(right)
    waiting.delete(id)
    if (waiting.size === 0) rest(made)
  })
  made.on('error', (error) => {
    if (worker === made) worker = undefined
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  })
  return made
}

function rest(made: Worker): void {
  made.unref()
  idle = setTimeout(() => {
    worker = undefined
    void made.terminate()
  }, idleMs)
  idle.unref()
}
