// Sign-in beside what Argon2id alone costs, decisions while a sign-in storm runs, passkeys, and the first page. What a password
// sign-in costs is counted in processor time, of the server alone, so that neither the browsers nor what else the machine does
// stands in the ratio.
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { goodPassword, localAdministrator, makeUser } from '../../packages/server/test/support/people.ts'
import { prepareDecisions } from '../decisions/prepare.ts'
import { startChildServer } from '../support/child-server.ts'
import { cpuSecondsOf } from '../support/cpu.ts'
import { type Figure, formatMs, formatRate } from '../support/figures.ts'
import { loadAtRate, requireClean } from '../support/load.ts'
import { type Account, storm } from './by-password.ts'
import { measurePasskeys } from './passkey.ts'

const execute = promisify(execFile)
const script = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const seconds = Number(process.env.BENCH_SECONDS ?? 8)
const browsers = 16
const rate = 200

export async function run(): Promise<readonly Figure[]> {
  const data = mkdtempSync(join(tmpdir(), 'gatehouse-bench-'))
  const environment = { GATEHOUSE_TRUSTED_PROXIES: '127.0.0.1/32, ::1/128' }
  const server = await startChildServer({ data, environment })
  try {
    const api = localAdministrator({ directory: data } as never)
    const accounts: Account[] = []
    for (let index = 0; index < browsers; index++) {
      const login = `bench${index}`
      await makeUser(api, login)
      accounts.push({ login, password: goodPassword })
    }
    const decisions = await prepareDecisions(server.url, data)

    // Each alone, with what it costs: first the hash, then the whole sign-in.
    const alone = await argon2()
    await storm(server.url, accounts, 1)
    const before = cpuSecondsOf(server.pid)
    const storming = await storm(server.url, accounts, seconds)
    const after = cpuSecondsOf(server.pid)
    const again = await argon2()
    const hashMs = (500 * alone.cpuSeconds) / alone.made + (500 * again.cpuSeconds) / again.made
    const signInMs =
      before === undefined || after === undefined ? undefined : ((after - before) * 1_000) / storming.made

    const load = { ...decisions, rate, seconds, warmUpSeconds: 2 }
    const calm = requireClean('decisions', await loadAtRate(load))
    const storms = execute(process.execPath, [
      script('storm.ts'),
      server.url,
      JSON.stringify(accounts),
      String(seconds + 4),
    ])
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    const busy = requireClean('decisions in a storm', await loadAtRate(load))
    const meanwhile = JSON.parse((await storms).stdout) as { made: number; seconds: number }
    const [p99, p99Busy] = [calm.latencies.percentile(99), busy.latencies.percentile(99)]

    const { answers, pages } = await measurePasskeys(server.url, accounts[0]?.login as string, goodPassword, 300)
    const [passkey, page] = [answers.percentile(99), pages.percentile(99)]
    return [
      { what: 'Argon2id alone, processor time', measured: formatMs(hashMs) },
      ...(signInMs === undefined
        ? []
        : [
            { what: 'password sign-in, processor time of the server', measured: formatMs(signInMs) },
            {
              what: 'password sign-ins ÷ Argon2id alone, on the same cores',
              measured: `${(hashMs / signInMs).toFixed(2)} ×`,
              target: '≥ 0.85 ×',
              met: hashMs >= 0.85 * signInMs,
            },
          ]),
      {
        what: `password sign-ins by ${browsers} browsers on the same ${availableParallelism()} cores`,
        measured: formatRate(storming.made / storming.seconds),
      },
      { what: `decision at ${formatRate(rate)}, p99`, measured: formatMs(p99) },
      {
        what: `the same in a storm of ${formatRate(meanwhile.made / meanwhile.seconds)} sign-ins, p99`,
        measured: `${formatMs(p99Busy)} (${(p99Busy / p99).toFixed(2)} ×)`,
        target: '≤ 2 ×',
        met: p99Busy <= 2 * p99,
      },
      {
        what: 'passkey sign-in, answer, p99',
        measured: formatMs(passkey),
        target: '≤ 10 ms',
        met: passkey <= 10,
      },
      { what: 'sign-in page, first byte, p99', measured: formatMs(page), target: '≤ 10 ms', met: page <= 10 },
    ]
  } finally {
    await server.stop()
    rmSync(data, { recursive: true, force: true })
  }
}

async function argon2(): Promise<{ made: number; cpuSeconds: number }> {
  return JSON.parse((await execute(process.execPath, [script('argon2.ts'), '3'])).stdout)
}
