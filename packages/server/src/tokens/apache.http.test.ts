// Apache with Debian's mod_auth_openidc, as a client that we did not write: sign-in, and the end of a session from behind.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import '#authentication'
import { record } from '#feed'
import { TestBrowser } from '../../test/support/browser.ts'
import { scratchDatabase } from '../../test/support/engines.ts'
import { freePort } from '../../test/support/ports.ts'
import { within } from '../../test/support/token-flow.ts'
import { openTokensFixture } from '../../test/support/tokens.ts'

const modules = '/usr/lib/apache2/modules'
const missing = ['/usr/sbin/apache2', `${modules}/mod_auth_openidc.so`].find((path) => !existsSync(path))
const running = new Set<ChildProcess>()
after(() => {
  for (const child of running) child.kill('SIGKILL')
})

test('Apache’s mod_auth_openidc signs people in, and hears of the end of a session', {
  skip: missing !== undefined && `${missing} is not installed (Debian: libapache2-mod-auth-openidc)`,
}, async () => {
  const scratch = await scratchDatabase('sqlite')
  const it = await openTokensFixture(scratch)
  const port = await freePort()
  const site = `http://localhost:${port}`
  const { application, secret } = await it.addClient({
    name: 'apache',
    redirectUris: [`${site}/callback`],
    oauth: {
      backchannelLogoutUri: `http://127.0.0.1:${port}/callback?logout=backchannel`,
      backchannelLogoutSession: true,
    },
  })
  const apache = await startApache(scratch.directory, port, {
    OIDCProviderMetadataURL: `${it.url}/.well-known/openid-configuration`,
    OIDCClientID: application.id,
    OIDCClientSecret: secret,
    OIDCRedirectURI: `${site}/callback`,
    OIDCCryptoPassphrase: 'only for this test',
    OIDCPKCEMethod: 'S256',
    OIDCScope: '"openid profile email"',
    OIDCRemoteUserClaim: 'preferred_username',
  })
  const alice = await it.addPerson('alice')
  const { cookie, session } = it.signIn(alice)
  const browser = new TestBrowser()
  browser.set(cookie)
  const go = async (url: string | URL) => {
    const response = await browser.get(url)
    return {
      status: response.status,
      headers: response.headers,
      location: response.headers.get('location'),
      text: await response.text(),
    }
  }
  const first = await go(`${site}/`)
  assert.ok(
    first.location?.startsWith(`${it.url}/oauth/authorize?`),
    `${first.status} ${first.location} ${apache.log()}`,
  )
  const answered = await go(first.location as string)
  assert.ok(answered.location?.startsWith(`${site}/callback?`), `${answered.status} ${answered.location}`)
  const back = await go(answered.location as string)
  assert.equal(back.status, 302, `${back.text} ${apache.log()}`)
  const page = await go(`${site}/`)
  assert.deepEqual([page.status, page.text], [200, 'behind the door\n'], apache.log())
  assert.equal(page.headers.get('x-user'), 'alice')

  it.endSession(session.id)
  const act = { actor: { type: 'system', name: 'test' }, requestId: 'test' } as const
  await it.storage.transact((tx) =>
    record(tx, act, {
      type: 'authentication.session_ended',
      atMs: Date.now(),
      organizationId: alice.organizationId,
      object: { type: 'User', id: alice.id, name: alice.username },
      touches: [],
      data: { session: session.id, user: alice.id, reason: 'test' },
    }),
  )
  await within(10_000, async () => (await it.events('tokens.client_notified')).length === 1)
  const later = await go(`${site}/`)
  assert.ok(later.location?.startsWith(`${it.url}/oauth/authorize?`), `signed out at Apache too: ${later.status}`)
  await apache.stop()
  await it.close()
  await scratch.remove()
})

async function startApache(directory: string, port: number, settings: Record<string, string>) {
  const root = join(directory, 'apache')
  mkdirSync(join(root, 'site'), { recursive: true, mode: 0o755 })
  writeFileSync(join(root, 'site', 'index.html'), 'behind the door\n')
  const names = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'headers', 'dir', 'auth_openidc']
  writeFileSync(
    join(root, 'httpd.conf'),
    `ServerName localhost
ServerRoot ${root}
PidFile ${root}/httpd.pid
ErrorLog ${root}/error.log
LogLevel warn
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
Listen 127.0.0.1:${port}
${names.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`).join('\n')}
DocumentRoot ${root}/site
DirectoryIndex index.html
${Object.entries(settings)
  .map(([name, value]) => `${name} ${/[ "]/.test(value) && !value.startsWith('"') ? `"${value}"` : value}`)
  .join('\n')}
<Location />
  AuthType openid-connect
  Require valid-user
  OIDCUnAuthAction auth true
  Header always set X-User "expr=%{REMOTE_USER}"
</Location>
`,
  )
  // Apache's workers are of another user when it is started by root, and read the site.
  for (const path of [directory, root, join(root, 'site')]) chmodSync(path, 0o755)
  const log = () => (existsSync(join(root, 'error.log')) ? readFileSync(join(root, 'error.log'), 'utf8') : '')
  const child = spawn('/usr/sbin/apache2', ['-f', join(root, 'httpd.conf'), '-DFOREGROUND'], { stdio: 'ignore' })
  running.add(child)
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await within(10_000, () =>
    fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).then(
      () => true,
      () => false,
    ),
  ).catch((cause) => {
    throw new Error(`Apache does not answer: ${log()}`, { cause })
  })
  const stop = async () => {
    child.kill('SIGTERM')
    await gone
    running.delete(child)
  }
  return { log, stop }
}
