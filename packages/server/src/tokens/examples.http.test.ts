import assert from 'node:assert/strict'
import { execFile, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Application } from '#directory'
import { onEachEngine, type Scratch } from '../../test/support/engines.ts'
import { runPageExamples } from '../../test/support/page-examples.ts'
import { type Api, FormBrowser, goodPassword, localAdministrator, makeUser } from '../../test/support/people.ts'
import { freePort } from '../../test/support/ports.ts'
import { startTestServer, type TestServer } from '../../test/support/server.ts'
import { pkce, within } from '../../test/support/token-flow.ts'
import { postForm } from '../../test/support/tokens.ts'

const root = new URL('../../../../', import.meta.url)
const page = readFileSync(new URL('docs/tokens.md', root), 'utf8')
const app = readFileSync(new URL('examples/sign-in/app.ts', root), 'utf8')

async function inHouse(
  scratch: Scratch,
  body: (house: { server: TestServer; api: Api }) => Promise<void>,
): Promise<void> {
  const server = await startTestServer(scratch)
  try {
    await body({ server, api: localAdministrator(scratch) })
  } finally {
    await server.close()
  }
}

/** Where the page leads by itself: after a form it cannot be a redirect to another origin. */
const onward = (browser: FormBrowser) =>
  /http-equiv="refresh" content="0;url=([^"]+)"/.exec(browser.page)?.[1]?.replaceAll('&amp;', '&') as string

async function signInAt(browser: FormBrowser, authorize: string): Promise<FormBrowser> {
  await browser.open(authorize)
  assert.match(browser.at, /^\/sign-in/)
  await browser.submit('/sign-in', { login: 'alice' })
  await browser.submit('/sign-in/password', { password: goodPassword })
  return browser
}

onEachEngine(
  'docs/tokens.md: its application signs a person in and out, its commands work as they stand',
  (scratch, t) =>
    inHouse(scratch, async ({ server, api }) => {
      assert.ok(page.includes(app.trimEnd()), 'the page shows examples/sign-in/app.ts as it is')
      const owner = await makeUser(api, 'alice')
      const home = (await api('GET', '/api/organizations')).body.items[0]
      const known = await runPageExamples(
        page,
        api,
        new Map([
          ['home', home],
          ['owner', { id: owner }],
        ]),
      )
      const docs = known.get('docs') as unknown as Application
      const port = await freePort()
      const address = `http://localhost:${port}`
      const redirectUris = [`${address}/callback`]
      const changed = await api('PATCH', `/api/applications/${docs.id}`, {
        redirectUris,
        postLogoutRedirectUris: [address],
      })
      assert.equal(changed.status, 200, JSON.stringify(changed.body))
      const secret = (known.get('credentials') as { secret: string }).secret

      const env = {
        ...process.env,
        GATEHOUSE_URL: server.url,
        CLIENT_ID: docs.id,
        CLIENT_SECRET: secret,
        PORT: String(port),
      }
      const child = spawn(process.execPath, [fileURLToPath(new URL('examples/sign-in/app.ts', root))], { env })
      try {
        await new Promise((resolve, reject) => {
          child.stdout.once('data', resolve)
          child.once('exit', () => reject(new Error('the example application ended')))
        })
        const browser = new FormBrowser(server.url)
        const first = await browser.get(address)
        const authorize = (first.headers.get('location') as string).slice(server.url.length)
        await signInAt(browser, authorize)
        await browser.open(onward(browser))
        assert.equal(browser.page, 'Hello The alice')

        const leave = await browser.get(`${address}/sign-out`)
        await browser.open((leave.headers.get('location') as string).slice(server.url.length))
        assert.match(browser.text, /Sign out\?/)
        await browser.submit('/oauth/logout/confirm', {})
        assert.match(browser.text, /signed out/i)
        await browser.open('/account')
        assert.match(browser.at, /^\/sign-in/)
      } finally {
        child.kill()
      }

      if (spawnSync('curl', ['--version']).status !== 0)
        return t.diagnostic('no curl here: the commands were not tried')
      const machine = known.get('indexer') as { id: string }
      const issued = await api('POST', `/api/machines/${machine.id}/secrets`)
      const run = async (script: string, more: Record<string, string> = {}) => {
        const shell = { PATH: process.env.PATH ?? '', GATEHOUSE_URL: server.url, CLIENT_ID: machine.id, ...more }
        const { stdout } = await promisify(execFile)('sh', ['-c', script], {
          env: { ...shell, CLIENT_SECRET: issued.body.secret },
        })
        return JSON.parse(stdout)
      }
      const [forApplication, forGatehouse, exchange, introspect] = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(
        ([, script]) => script as string,
      )
      const { access_token } = await run(forApplication as string, { APPLICATION_ID: docs.id })
      assert.equal(server.tokens.verifyAccessToken(access_token, docs.id)?.sub, machine.id)
      const who = await run(forGatehouse as string)
      assert.ok(JSON.stringify(who).includes(machine.id), JSON.stringify(who))
      const exchanged = await run(exchange as string, { TOKEN: access_token, APPLICATION_ID: docs.id })
      assert.equal(server.tokens.verifyAccessToken(exchanged.access_token, docs.id)?.sub, machine.id)
      const known_ = await run(introspect as string, { TOKEN: access_token })
      assert.equal(known_.active, true)
    }),
)

onEachEngine('with real sessions: what ends a session or a person ends the tokens, within a second', (scratch) =>
  inHouse(scratch, async ({ server, api }) => {
    const alice = await makeUser(api, 'alice')
    const home = (await api('GET', '/api/organizations')).body.items[0]
    const made = await api('POST', '/api/applications', {
      organizationId: home.id,
      name: 'docs',
      kind: 'web',
      consentRequired: false,
      redirectUris: ['https://app.example/callback'],
    })
    const id = made.body.id
    const { secret } = (await api('POST', `/api/applications/${id}/secrets`)).body
    const signIn = async () => {
      const { verifier, challenge } = pkce()
      const browser = new FormBrowser(server.url)
      const redirect_uri = 'https://app.example/callback'
      const asked = { client_id: id, response_type: 'code', scope: 'openid', redirect_uri }
      const query = new URLSearchParams({ ...asked, code_challenge: challenge, code_challenge_method: 'S256' })
      await signInAt(browser, `/oauth/authorize?${query}`)
      const back = await browser.get(new URL(onward(browser), server.url))
      const code = new URL(back.headers.get('location') as string).searchParams.get('code') as string
      const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri }
      const { body } = await postForm(`${server.url}/oauth/token`, form, { id, secret })
      return { browser, access: body.access_token as string, refresh: body.refresh_token as string }
    }
    const isAlive = (token: string) => server.tokens.verifyAccessToken(token, id) !== undefined
    const refreshes = async (refresh_token: string) =>
      (await postForm(`${server.url}/oauth/token`, { grant_type: 'refresh_token', refresh_token }, { id, secret }))
        .status

    const one = await signIn()
    const two = await signIn()
    assert.ok(isAlive(one.access) && isAlive(two.access))
    await one.browser.open('/sign-out')
    await one.browser.submit('/sign-out', {})
    await within(1_000, () => !isAlive(one.access))
    assert.equal(await refreshes(one.refresh), 400)
    assert.ok(isAlive(two.access), 'the other session goes on')

    const suspended = await api('POST', `/api/users/${alice}/suspend`)
    assert.equal(suspended.status, 200, JSON.stringify(suspended.body))
    await within(1_000, () => !isAlive(two.access))
    assert.equal(await refreshes(two.refresh), 400)
  }),
)
