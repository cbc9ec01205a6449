import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const launcher = fileURLToPath(new URL('../../packages/cli/bin/gatehouse.mjs', import.meta.url))

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly ms: number
}

/** Runs `gatehouse …` as an operator on the same machine would, with the local credential of `data`. */
export function gatehouse(data: string, ...args: readonly string[]): Promise<Ran> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [launcher, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', GATEHOUSE_DATA: data, NO_COLOR: '1' },
    })
    const out: string[] = []
    const err: string[] = []
    child.stdout.on('data', (chunk) => out.push(String(chunk)))
    child.stderr.on('data', (chunk) => err.push(String(chunk)))
    child.once('error', reject)
    child.once('close', (code) =>
      resolve({ code: code ?? 1, stdout: out.join(''), stderr: err.join(''), ms: performance.now() - started }),
    )
  })
}

/** As `gatehouse`, for a command that must succeed, with its JSON answer. */
export async function gatehouseJson<T>(data: string, ...args: readonly string[]): Promise<T> {
  const ran = await gatehouse(data, ...args, '--json')
  if (ran.code !== 0) throw new Error(`gatehouse ${args.join(' ')} ended with ${ran.code}:\n${ran.stderr}${ran.stdout}`)
  return JSON.parse(ran.stdout) as T
}
