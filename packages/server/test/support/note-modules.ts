// Notes which modules a process loads; for `--import`. Writes them, one a line, into NOTE_MODULES_IN when it ends.
import { writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

const loaded: string[] = []
registerHooks({
  load(url, context, next) {
    loaded.push(url)
    return next(url, context)
  },
})
process.once('exit', () => writeFileSync(process.env.NOTE_MODULES_IN as string, loaded.join('\n')))
