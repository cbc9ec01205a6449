// A person at a terminal that is not the server's machine: signs in by the browser once, works, and signs out.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { decodeJwt } from 'jose'
import { type ChildServer, startChildServer } from '../../../bench/support/child-server.ts'
import { gatehouseWith, type Ran } from '../../../examples/story/command.ts'
import { FormBrowser, goodPassword, localAdministrator, makeUser } from '../../server/test/support/people.ts'
import { exits } from './failure.ts'

const home = mkdtempSync(join(tmpdir(), 'gatehouse-login-'))
const data = join(home, 'data')
let server: ChildServer

before(async () => {
  server = await startChildServer({ data })
  const api = localAdministrator({ directory: data } as Parameters<typeof localAdministrator>[0])
  await makeUser(api, 'alice')
  const acme = (await api('POST', '/api/organizations', { name: 'acme', displayName: 'Acme' })).body.id
  await makeUser(api, 'bob', acme)
})
after(async () => {
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

/** A terminal with a home directory of its own and no data directory of any server. */
function terminal(name: string, environment: Record<string, string> = {}) {
  const config = join(home, name)
  const all = { HOME: join(home, name), XDG_CONFIG_HOME: config, GATEHOUSE_DATA: '/nonexistent', ...environment }
  return {
    run: (...args: string[]) => gatehouseWith(all, args),
    file: (profile: string) => join(config, 'gatehouse', 'logins', `${profile}.json`),
    /** `gatehouse login`, and a browser that does what it says. */
    login: async (browse: (address: string, code: string) => Promise<void>, ...args: string[]): Promise<Ran> => {
      let browsing: Promise<void> | undefined
      const ran = await gatehouseWith(all, ['login', '--url', server.url, ...args], (text) => {
        const [, address, code] = /Open (\S+) in a browser and type (\S+)\n/.exec(text) ?? []
        if (address !== undefined && code !== undefined) browsing ??= browse(address, code)
      })
      await browsing
      return ran
    },
  }
}

/** The way a person goes: the code, whether it is theirs, who they are, and what they let the command line do. */
const letIn = (login: string, organization?: string) => async (_address: string, code: string) => {
  const browser = new FormBrowser(server.url)
  await browser.open('/oauth/device')
  await browser.submit('/oauth/device', { user_code: code })
  assert.match(browser.text, /Gatehouse on the command line wants to be signed in/)
  await browser.submit('/oauth/device', {})
  if (organization !== undefined) {
    await browser.submit('/sign-in', { login })
    assert.match(browser.text, /organization/i)
    await browser.submit('/sign-in', { login, organization })
  } else await browser.submit('/sign-in', { login, organization: 'home' })
  await browser.submit('/sign-in/password', { password: goodPassword })
  const onward = /<a [^>]*href="(\/oauth\/device\/[^"]+)"/.exec(browser.page)?.[1]
  if (onward !== undefined) await browser.open(onward)
  const consent = /action="(\/oauth\/consent\/[^"]+)"/.exec(browser.page)?.[1]
  assert.ok(consent, `asked for consent at ${browser.at}:\n${browser.page}`)
  await browser.submit(consent, { decision: 'allow' })
  const done = /<a [^>]*href="(\/oauth\/device\/[^"]+)"/.exec(browser.page)?.[1]
  assert.ok(done, browser.page)
  await browser.open(done)
  assert.equal(browser.status, 200, browser.page)
}

test('login by the device flow: later commands act as the person, the login is a 0600 file, logout ends it (RFC 8628)', async () => {
  const { run, file, login } = terminal('alice')
  assert.equal((await run('whoami', '--url', server.url)).code, exits.denied, 'not logged in yet')
  const ran = await login(letIn('alice'), '--profile', 'work')
  assert.equal(ran.code, exits.ok, ran.stderr)
  assert.match(ran.stdout, /You are alice at http:/)
  assert.equal(statSync(file('work')).mode & 0o777, 0o600)

  for (const way of [['--url', server.url], ['--server', server.url], ['--profile', 'work'], []]) {
    const who = await run('whoami', '--json', ...way)
    assert.equal(who.code, exits.ok, `${way}: ${who.stderr}`)
    assert.equal(JSON.parse(who.stdout).actor.name, 'alice')
  }
  assert.equal((await run('user', 'list', '--profile', 'work')).code, exits.denied, 'no more rights than she has')

  const first = (await run('token')).stdout.trim()
  assert.equal(decodeJwt(first).client_id, 'gatehouse-cli')
  assert.equal(decodeJwt(first).aud, server.url)
  assert.equal((await run('token')).stdout.trim(), first, 'kept while it is good')
  const kept = JSON.parse(readFileSync(file('work'), 'utf8'))
  const { refreshToken } = kept.secrets
  writeFileSync(
    file('work'),
    JSON.stringify({ ...kept, secrets: { ...kept.secrets, expiresAtMs: Date.now() + 30_000 } }),
  )
  const second = (await run('token', '--profile', 'work')).stdout.trim()
  assert.notEqual(second, first, 'renewed before it ends')
  assert.notEqual(JSON.parse(readFileSync(file('work'), 'utf8')).secrets.refreshToken, refreshToken, 'and rotated')

  chmodSync(file('work'), 0o644)
  const shared = await run('whoami', '--profile', 'work')
  assert.equal(shared.code, exits.denied)
  assert.match(shared.stderr, /Others can read/)
  chmodSync(file('work'), 0o600)

  assert.equal((await run('logout')).code, exits.ok)
  assert.equal(existsSync(file('work')), false)
  const headers = { authorization: `Bearer ${second}` }
  assert.equal((await fetch(`${server.url}/api/whoami`, { headers })).status, 401, 'its tokens have ended too')
  assert.equal((await run('whoami', '--profile', 'work')).code, exits.notFound)
})

test("a person of any organization logs in; the system's key store has the secrets where there is one, by standard input", async () => {
  const bin = join(home, 'bin')
  const vault = join(home, 'vault')
  mkdirSync(bin)
  writeFileSync(
    join(bin, 'secret-tool'),
    `#!/bin/sh
echo "$*" >> ${vault}.calls
case "$1" in
store) cat > ${vault} ;;
lookup) cat ${vault} ;;
clear) rm ${vault} ;;
esac
`,
    { mode: 0o755 },
  )
  const path = `${bin}:${process.env.PATH}`
  const { run, file, login } = terminal('bob', { PATH: path, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' })
  const ran = await login(letIn('bob', 'acme'))
  assert.equal(ran.code, exits.ok, ran.stderr)
  const profile = new URL(server.url).host.replace(':', '_')
  assert.equal(
    JSON.parse(readFileSync(file(profile), 'utf8')).secrets,
    undefined,
    'nothing that opens anything in the file',
  )
  const { accessToken: token } = JSON.parse((await run('token', '--json')).stdout)
  const calls = readFileSync(`${vault}.calls`, 'utf8')
  assert.ok(!calls.includes(token) && !calls.includes(readFileSync(vault, 'utf8')), calls)
  assert.match((await run('whoami')).stdout, /bob/)
  const ended = await run('logout', '--json')
  assert.deepEqual(JSON.parse(ended.stdout), { profile, url: server.url, done: true })
  assert.equal(existsSync(vault), false)
})

test('refused in the browser, and addresses that are no safe Gatehouse: nothing is kept', async () => {
  const { run, file, login } = terminal('carol')
  const refuse = async (_address: string, code: string) => {
    const browser = new FormBrowser(server.url)
    await browser.open('/oauth/device')
    await browser.submit('/oauth/device', { user_code: code })
    await browser.submit('/oauth/device', { abort: 'yes' })
  }
  const ran = await login(refuse, '--profile', 'work')
  assert.equal(ran.code, exits.denied)
  assert.match(ran.stderr, /refused in the browser/)
  assert.equal(existsSync(file('work')), false)
  const plain = await run('login', '--url', 'http://gatehouse.example')
  assert.equal(plain.code, exits.usage)
  assert.match(plain.stderr, /not https/)
  const other = await run('login', '--url', server.url.replace('localhost', '127.0.0.1'))
  assert.equal(other.code, exits.usage, 'the issuer is another than the address (RFC 8414 3.3)')
  assert.match(other.stderr, /calls itself http:\/\/localhost/)
})
