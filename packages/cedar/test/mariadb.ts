import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/usr/libexec']
const find = (name: string): string | undefined =>
  directories.map((directory) => join(directory, name)).find((path) => isProgram(path))

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

const [server, client, install] = [find('mariadbd'), find('mariadb'), find('mariadb-install-db')]
/** Why it cannot be started here; false where it can. */
export const withoutMariadb: string | false =
  server !== undefined && client !== undefined && install !== undefined
    ? false
    : 'MariaDB is not installed here (Debian: apt-get install mariadb-server)'

export interface Mariadb {
  /** What a statement answers, line by line, its columns divided by tabs. `?` in it stand for the values, which are bound. */
  query(sql: string, values?: readonly unknown[]): Promise<string[]>
  close(): Promise<void>
}

/** A real MariaDB of its own, in a temporary folder, on a socket there and no port, asked through its own client. */
export async function openMariadb(): Promise<Mariadb> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-mariadb-'))
  const [data, socket] = [join(folder, 'data'), join(folder, 's')]
  const user = process.getuid?.() === 0 ? ['--user=root'] : []
  let running: ChildProcess | undefined
  const stop = async () => {
    if (running !== undefined && running.exitCode === null && running.signalCode === null) {
      running.kill('SIGTERM')
      await once(running, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const made = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db']
    execFileSync(install as string, [...made, ...user], { stdio: 'pipe' })
    const quick = ['--skip-networking', '--skip-log-bin', '--innodb-flush-log-at-trx-commit=0', '--skip-grant-tables']
    running = spawn(server as string, ['--no-defaults', `--datadir=${data}`, `--socket=${socket}`, ...quick, ...user], {
      stdio: 'ignore',
    })
    for (let tried = 0; !existsSync(socket); tried++) {
      if (running.exitCode !== null || tried > 1_000) throw new Error(`MariaDB did not start (${running.exitCode})`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const said = ['--no-defaults', `--socket=${socket}`, '--default-character-set=utf8mb4', '--batch', '--raw']
    const asking = spawn(client as string, [...said, '--skip-column-names', '--unbuffered', '--quick'], {
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const query = speak(asking)
    await query('create database t character set utf8mb4 collate utf8mb4_general_ci')
    await query('use t')
    return {
      query,
      close: async () => {
        const ended = once(asking, 'exit')
        asking.stdin.end()
        await ended
        await stop()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const text = (value: string) => `_utf8mb4 x'${Buffer.from(value).toString('hex')}'`

function literal(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'string') return text(value)
  return typeof value === 'boolean' ? String(Number(value)) : String(value)
}

/** One statement after another; the end of what each answers is told by a line that we ask for. */
function speak(asking: ChildProcess & { stdin: NodeJS.WritableStream; stdout: NodeJS.ReadableStream }) {
  let printed = ''
  let failed = ''
  let wake: () => void = () => undefined
  asking.stdout.setEncoding('utf8').on('data', (chunk) => {
    printed += chunk
    wake()
  })
  asking.stderr?.setEncoding('utf8').on('data', (chunk) => {
    failed += chunk
    wake()
  })
  asking.once('exit', () => wake())
  let count = 0
  return async (sql: string, values: readonly unknown[] = []): Promise<string[]> => {
    const end = `-- end ${++count} --\n`
    const using = values.length === 0 ? '' : ` using ${values.map(literal).join(', ')}`
    // As a driver does: the text is prepared, the values are bound to it.
    const asked = sql.startsWith('use ') ? sql : `execute immediate ${text(sql)}${using}`
    asking.stdin.write(`${asked};\nselect '${end.trimEnd()}';\n`)
    while (!printed.endsWith(end)) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      // Its client ends with the first error.
      if (failed !== '') throw new Error(`${failed.trim()}\n${sql}`)
      if (asking.exitCode !== null) throw new Error(`MariaDB's client ended with ${asking.exitCode}`)
    }
    const lines = printed.slice(0, -end.length).split('\n').slice(0, -1)
    printed = ''
    return lines
  }
}
