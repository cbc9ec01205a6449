import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchDatabase } from '../../server/test/support/engines.ts'
import { until } from '../../server/test/support/house.ts'
import { withMail } from '../../server/test/support/mail.ts'
import { FormBrowser } from '../../server/test/support/people.ts'
import { buildProgram } from './program.ts'

async function run(data: string, ...args: string[]): Promise<unknown> {
  const write = process.stdout.write
  let out = ''
  process.stdout.write = ((chunk: string | Uint8Array, ...rest: never[]) => {
    if (typeof chunk !== 'string') return write.call(process.stdout, chunk, ...rest)
    out += chunk
    return true
  }) as typeof write
  try {
    await buildProgram({ quiet: true }).parseAsync([...args, '--json', '--data', data], { from: 'user' })
  } finally {
    process.stdout.write = write
  }
  return JSON.parse(out)
}

test('gatehouse registration list, approve and refuse decide about accounts that people asked for', async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  await withMail(scratch, async ({ server, api }, mail) => {
    const made = await api('POST', '/api/organizations', {
      name: 'acme',
      settings: { registration: { open: true, domains: ['*'] } },
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    for (const name of ['ada', 'eve']) {
      const browser = await new FormBrowser(server.url).open('/register?organization=acme')
      await browser.submit('/register', { email: `${name}@example.com` })
      const of = () => mail.letters.find((letter) => letter.includes(`To: ${name}@example.com`))
      await until(async () => of() !== undefined)
      const token = /#([\w-]{43})/.exec(of() as string)?.[1] as string
      await browser.open('/register/confirm')
      await browser.submit('/register/confirm', { token })
      await browser.submit('/register/details', { name, username: name })
    }
    const of = ['--organization', 'acme']
    const listed = (await run(scratch.directory, 'registration', 'list', ...of)) as { id: string; username: string }[]
    const waiting = listed.toSorted((one, other) => (one.username < other.username ? -1 : 1))
    assert.deepEqual(
      waiting.map(({ username }) => username),
      ['ada', 'eve'],
    )
    const [ada, eve] = waiting.map(({ id }) => id) as [string, string]
    const done = (await run(scratch.directory, 'registration', 'approve', ada, ...of)) as { username: string }
    assert.equal(done.username, 'ada')
    await run(scratch.directory, 'registration', 'refuse', eve, ...of)
    assert.deepEqual(await run(scratch.directory, 'registration', 'list', ...of), [])
    const { items } = (await api('GET', `/api/users?organizationId=${made.body.id}`)).body
    assert.deepEqual(
      items.map((user: { username: string }) => user.username),
      ['ada'],
    )
  })
})
