// Runs in a thread of its own: bcryptjs computes on whatever thread calls it, for a quarter of a second and more.
import { parentPort } from 'node:worker_threads'
import bcrypt from 'bcryptjs'

parentPort?.on('message', ({ id, password, hash }: { id: number; password: string; hash: string }) => {
  parentPort?.postMessage({ id, right: bcrypt.compareSync(password, hash) })
})
