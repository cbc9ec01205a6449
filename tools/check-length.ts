// A file near 120 lines, at most 300. A longer one stands here with its reason.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

const most = 300
const longer: Record<string, string> = {}

const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' }).split('\n')
const sources = listed.filter((file) => /\.(ts|tsx|mjs|css)$/.test(file) && existsSync(file))
let failed = false
for (const file of sources) {
  const lines = readFileSync(file, 'utf8').split('\n').length - 1
  if (lines <= most || longer[file]) continue
  console.error(
    `${file}: ${lines} lines, at most ${most}: split it by use case, or list it in tools/check-length.ts with a reason`,
  )
  failed = true
}
for (const file of Object.keys(longer)) {
  if (sources.includes(file)) continue
  console.error(`tools/check-length.ts lists ${file}, which does not exist`)
  failed = true
}
process.exit(failed ? 1 : 0)
