#!/usr/bin/env node
// Runs the command line under a Node.js that strips types: this one when it is new enough, else the one that npm
// installed for this project.
import { spawn } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = new URL('../src/main.ts', import.meta.url)
const here = dirname(realpathSync(fileURLToPath(import.meta.url)))
if (Number(process.versions.node.split('.')[0]) >= 24) {
  const installed = findUp(here, 'node_modules')
  // Compiled once for all commands; whoever may write there may change the program itself.
  if (installed !== undefined) module.enableCompileCache(join(installed, '.cache', 'node-compile'))
  const { run } = await import(main.href)
  await run()
} else {
  const node = findUp(here, join('node_modules', '.bin', 'node'))
  if (node === undefined) {
    console.error(
      `gatehouse: Node.js 24 is needed, this is ${process.version}. Run "npm ci" in the project, which installs it`,
    )
    process.exit(1)
  }
  const child = spawn(
    node,
    ['--disable-warning=ExperimentalWarning', fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    { stdio: 'inherit' },
  )
  // A terminal signals the whole group: the child answers it, and this process ends when the child does.
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.once('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)))
}

function findUp(from, name) {
  for (let directory = from; ; directory = dirname(directory)) {
    const path = join(directory, name)
    if (existsSync(path)) return path
    if (directory === dirname(directory)) return undefined
  }
}
