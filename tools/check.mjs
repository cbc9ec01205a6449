// Static rules: formatting and lint, types, room order, file length. `npm run check` runs these alone.
import { spawnSync } from 'node:child_process'

const steps = [
  ['biome', ['check', '--error-on-warnings', '.']],
  ['tsc', ['-p', 'tsconfig.json']],
  ['tsc', ['-p', 'packages/console/tsconfig.json']],
  ['node', ['tools/check-rooms.ts']],
  ['node', ['tools/check-length.ts']],
]
let failed = 0
for (const [command, args] of steps) {
  const started = performance.now()
  const done = spawnSync(command, args, { stdio: 'inherit' })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${done.status === 0 ? 'ok    ' : 'FAILED'} ${command} ${args.join(' ')} (${seconds} s)`)
  if (done.status !== 0) failed++
}
process.exit(failed === 0 ? 0 : 1)
