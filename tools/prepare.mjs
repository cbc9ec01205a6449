// Installs what the lockfile names, once per lockfile. Runs on any Node >= 20, before anything is installed. With --check it
// only says by its exit code whether there is anything to install.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(root, 'node_modules', '.cache', 'installed')
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(`${process.platform}-${process.arch}`)
  .digest('hex')

if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  if (process.argv.includes('--check')) process.exit(1)
  console.error('Installing dependencies (npm ci), once for this lockfile…')
  const command = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error']
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  if (done.status !== 0) {
    console.error('npm ci failed. Check the network and the messages above, then run the command again.')
    process.exit(done.status ?? 1)
  }
  // The console is built now rather than when somebody first opens it; the server would do it then.
  const node = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node')
  spawnSync(node, ['packages/console/build.ts'], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] })
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, wanted)
}
