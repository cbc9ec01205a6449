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
  return gatehouseWith({ GATEHOUSE_DATA: data, XDG_CONFIG_HOME: `${data}/.config` }, args)
}

/** Runs `gatehouse …` in an environment of its own. @param onError hears of standard error as it comes */
export function gatehouseWith(
  environment: Readonly<Record<string, string>>,
  args: readonly string[],
  onError: (text: string) => void = () => undefined,
): Promise<Ran> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [launcher, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH ?? '', NO_COLOR: '1', ...environment },
    })
    const out: string[] = []
    const err: string[] = []
    child.stdout.on('data', (chunk) => out.push(String(chunk)))
    child.stderr.on('data', (chunk) => {
      err.push(String(chunk))
      onError(err.join(''))
    })
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
