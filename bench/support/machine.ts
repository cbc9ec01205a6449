import { availableParallelism, cpus, loadavg, release, type as system, totalmem } from 'node:os'

/** What the figures were measured on: they mean nothing without it. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() || 'processor not named'
  const load = loadavg()[0]?.toFixed(2)
  return [
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC · Node ${process.version}`,
    `${model}, ${availableParallelism()} cores, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, ${system()} ${release()}, load ${load} before`,
  ].join('\n')
}
