// Which authenticators an organization takes, with Chromium's virtual ones: they attest with a certificate of Chromium's own.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeAttestationObject } from '@simplewebauthn/server/helpers'
import type { Page } from 'playwright-core'
import { addAuthenticator, openWindow } from '../support/chromium.ts'
import { onEachEngine } from '../support/engines.ts'
import { type Api, goodPassword, localAdministrator, makeUser } from '../support/people.ts'
import { startTestServer } from '../support/server.ts'
import { shareBrowser } from '../support/shared-browser.ts'

async function signInByPassword(page: Page, url: string, login: string): Promise<void> {
  await page.goto(`${url}/sign-in`)
  await page.getByLabel('User name or e-mail').fill(login)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('Password').fill(goodPassword)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

async function addPasskey(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: 'Add a passkey' }).click()
  await page.getByLabel('Name').fill(name)
  await page.getByRole('button', { name: 'Create the passkey' }).click()
}

const setRules = async (api: Api, signIn: object) => {
  const { id } = (await api('GET', '/api/organizations')).body.items[0]
  const { status, body } = await api('PATCH', `/api/organizations/${id}`, { settings: { signIn } })
  assert.equal(status, 200, JSON.stringify(body))
}

const pem = (der: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE-----\n`

onEachEngine(
  'only authenticators on the list are taken, and only by an attestation that leads to a trusted root',
  async (scratch, t) => {
    const rootsFile = join(scratch.directory, 'roots.pem')
    writeFileSync(rootsFile, '')
    const browser = await shareBrowser(t)
    const { page } = await openWindow(browser)
    await addAuthenticator(page)
    // What the browser makes of `direct`, as it is sent.
    let answer = ''
    page.on('request', (request) => {
      if (request.url().endsWith('/account/passkeys') && request.method() === 'POST')
        answer = new URLSearchParams(request.postData() ?? '').get('credential') ?? ''
    })
    const first = await startTestServer(scratch, { environment: { GATEHOUSE_AUTHENTICATOR_ROOTS_FILE: rootsFile } })
    const api = localAdministrator(scratch)
    const id = await makeUser(api, 'alice')
    const virtual = '01020304-0506-0708-0102-030405060708'
    const refusedSays = page.getByText('takes passkeys of certain authenticators only')
    await setRules(api, { authenticators: [virtual] })
    await signInByPassword(page, first.url, 'alice')
    await addPasskey(page, 'Of no trusted root')
    await refusedSays.waitFor()
    const object = decodeAttestationObject(
      Uint8Array.from(Buffer.from(JSON.parse(answer).response.attestationObject, 'base64url')),
    )
    assert.equal(object.get('fmt'), 'packed')
    const chain = object.get('attStmt').get('x5c') as Uint8Array[]
    assert.ok(chain.length > 0)
    await first.close()

    writeFileSync(rootsFile, pem(chain.at(-1) as Uint8Array))
    const second = await startTestServer(scratch, { environment: { GATEHOUSE_AUTHENTICATOR_ROOTS_FILE: rootsFile } })
    t.after(() => second.close())
    // The session goes on: cookies know no port.
    await page.goto(`${second.url}/account`)
    await addPasskey(page, 'Blue key')
    await page.getByText('Your new passkey works').waitFor()
    const passkeys = async () => (await api('GET', `/api/users/${id}/factors`)).body.passkeys
    assert.deepEqual(
      (await passkeys()).map((one: { name: string }) => one.name),
      ['Blue key'],
    )

    // One that is not on the list, however well it attests.
    await setRules(api, { authenticators: ['ffffffff-0506-0708-0102-030405060708'] })
    await page.goto(`${second.url}/account`)
    const roaming = await openWindow(browser)
    await addAuthenticator(roaming.page, { roaming: true })
    await makeUser(api, 'bob')
    await signInByPassword(roaming.page, second.url, 'bob')
    await addPasskey(roaming.page, 'Red key')
    await roaming.page.getByText('takes passkeys of certain authenticators only').waitFor()
    assert.equal((await passkeys()).length, 1)

    // A roaming key that verifies nobody is a second step where the organization says so, and never stands alone.
    await setRules(api, { userVerification: 'preferred' })
    const plain = await openWindow(browser)
    await addAuthenticator(plain.page, { roaming: true, verifies: false })
    const carol = await makeUser(api, 'carol')
    await signInByPassword(plain.page, second.url, 'carol')
    await addPasskey(plain.page, 'Key without a PIN')
    await plain.page.getByText('Your new passkey works').waitFor()
    await plain.page.getByRole('button', { name: 'Sign out' }).click()
    await plain.page.getByRole('heading', { name: 'You are signed out' }).waitFor()
    // Alone, before any name is typed, the page asks for one that verifies.
    await plain.page.goto(`${second.url}/sign-in`)
    const challenge = await plain.page.evaluate(async (shape) => {
      const { document: page } = globalThis as never as { document: { querySelector(text: string): { value: string } } }
      const body = new URLSearchParams({ csrf: page.querySelector(shape).value })
      return (await fetch('/sign-in/passkey/challenge', { method: 'POST', body })).json() as Promise<object>
    }, 'form[data-passkey] input[name=csrf]')
    assert.equal((challenge as { userVerification: string }).userVerification, 'required')
    await signInByPassword(plain.page, second.url, 'carol')
    await plain.page.getByRole('heading', { name: 'One more step' }).waitFor()
    await plain.page.getByRole('button', { name: 'Use a passkey' }).click()
    await plain.page.getByRole('heading', { name: 'The carol' }).waitFor()
    const [session] = (await api('GET', `/api/users/${carol}/sessions`)).body.items
    assert.deepEqual(session.amr, ['pwd', 'hwk', 'mfa'])
  },
)
