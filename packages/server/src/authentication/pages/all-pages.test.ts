import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { judgeAt } from '../../../test/support/axe.ts'
import { openWindow } from '../../../test/support/chromium.ts'
import { scratchDatabase } from '../../../test/support/engines.ts'
import { startTestServer } from '../../../test/support/server.ts'
import { shareBrowser } from '../../../test/support/shared-browser.ts'
import { brandAt } from '../branding/brand.ts'
import { previewPage } from '../branding/preview.page.ts'
import { languageNames } from '../languages/languages.ts'
import { lookIn } from '../languages/look.ts'
import type { Says } from '../languages/say.ts'
import * as account from './account.page.ts'
import * as applications from './applications.page.ts'
import { assets } from './assets.ts'
import * as consent from './consent.page.ts'
import * as device from './device.pages.ts'
import * as enrol from './enrol.pages.ts'
import * as federation from './federation.pages.ts'
import * as gateway from './gateway.pages.ts'
import type { Page } from './layout.ts'
import * as mailCode from './mail-code.pages.ts'
import * as outcome from './outcome.pages.ts'
import * as ownData from './own-data.pages.ts'
import * as profile from './profile.pages.ts'
import * as recovery from './recovery.pages.ts'
import * as registering from './register.pages.ts'
import { renderPage } from './send-page.ts'
import * as signIn from './sign-in.pages.ts'

const form = { csrf: 'x', attempt: 'try_x', returnTo: '/account' }
const organization = { id: 'org_x', name: 'acme', displayName: 'A long name of an organization, with صفحات in it' }
const [login, wrong] = [
  'someone.with.a.long.name@a-long-name.example',
  ((t) => t.faults['authentication.rejected']) as Says,
]
const fields = { csrf: 'x' }
const scopes = ['openid', 'offline_access', 'claim:phone_number', 'orders:read']
const has = { totp: true, passkey: true, recovery: true, email: true }
const person = { name: 'Ada Lovelace', username: 'ada', email: login, organization }
const codes = Array.from({ length: 10 }, (_, at) => `abcd-efgh-jkmn-${at}${at}${at}${at}`)
const qr = 'data:image/gif;base64,R0lGODlhAQABAAAAACw='
const account1 = {
  form,
  nowMs: 1e12,
  person,
  passwordSetAtMs: 9e11,
  totpEnrolledAtMs: 9e11,
  passkeys: [{ id: 'pk_x', name: 'Work laptop', addedAtMs: 9e11, usedAtMs: 9.9e11 }],
  recoveryCodesLeft: 3,
  sessions: [
    {
      id: 'a',
      agent: 'Firefox/1 Linux',
      address: '10.0.0.1',
      country: 'DE',
      startedAtMs: 9e11,
      seenAtMs: 9e11,
      current: true,
    },
    { id: 'b', agent: undefined, address: undefined, startedAtMs: 9e11, seenAtMs: 9e11, current: false },
  ],
  devices: [{ id: 'd', agent: 'Chrome/1 Windows', untilMs: 1.1e12 }],
  identities: [
    {
      id: 'lid_1',
      provider: { id: 'idp_1', displayName: 'Acme Corp' },
      knownAs: { subject: '248289761001', email: 'alice@corp.example' },
      linkedAtMs: 1e12,
      usedAtMs: 1.1e12,
    },
  ],
  providers: [{ id: 'idp_2', displayName: 'Other' }],
  mayClose: true,
}

const providers = [{ id: 'idp_1', displayName: 'Acme Corp' }]

/** Every page, in the states that change what stands on it. */
const pages: Record<string, readonly Page[]> = {
  signInPage: [
    signIn.signInPage({ form, organization, registers: true, providers, login, hint: (t) => t.signIn.again, wrong }),
  ],
  organizationPage: [signIn.organizationPage({ form, login, wrong })],
  passwordPage: [signIn.passwordPage({ form, organization, login, providers, mail: true, mailCode: true, wrong })],
  factorPage: [
    signIn.factorPage({ form, organization, login, has, rememberDays: 30, wrong }),
    signIn.factorPage({ form, organization, login, has: { ...has, totp: false } }),
  ],
  departPage: [
    federation.departPage({ provider: 'Acme Corp', address: 'https://idp.example/authorize?a=1', organization }),
  ],
  recoveryPage: [signIn.recoveryPage({ form, organization, wrong })],
  mailCodePage: [mailCode.mailCodePage({ form, login, back: '/sign-in/password', wrong })],
  mailLinkPage: [mailCode.mailLinkPage({ form, wrong })],
  forgottenPage: [recovery.forgottenPage({ form, login, organization, wrong })],
  letterSentPage: [recovery.letterSentPage({ login, organization })],
  recoveredPage: [recovery.recoveredPage()],
  linkPage: (['setup', 'invitation', 'reset', 'recovery', 'email', 'register'] as const).map((kind) =>
    enrol.linkPage({ kind, form, wrong }),
  ),
  profilePage: [enrol.profilePage({ form, wrong: { name: wrong, username: wrong, email: wrong } })],
  choicePage: [
    enrol.choicePage({
      form,
      login,
      organization,
      passkeyOptions: '{}',
      otherwise: 'password',
      second: true,
      why: (t) => t.enrol.whyOwner,
      step: 2,
      wrong,
    }),
  ],
  newPasswordPage: [enrol.newPasswordPage({ form, action: '/x', login, back: '/account', organization, wrong })],
  totpPage: [
    enrol.totpPage({ form, action: '/x', back: '/account', organization, qr, secret: 'ABCDEFGHIJKLMNOP', wrong }),
  ],
  recoveryCodesPage: [enrol.recoveryCodesPage({ codes, next: '/account', organization })],
  accountPage: [
    account.accountPage({ ...account1, good: (t) => t.account.donePassword }),
    account.accountPage({ ...account1, passkeys: [], devices: [], recoveryCodesLeft: 0, mayClose: false, wrong }),
  ],
  newPasskeyPage: [account.newPasskeyPage({ form, organization, options: '{}', wrong })],
  ownProfilePage: [
    profile.ownProfilePage({
      form,
      organization,
      person,
      may: { name: true, email: true },
      waiting: [login],
      wrong: { email: wrong },
    }),
    profile.ownProfilePage({ form, organization, person, may: { name: true, email: false }, waiting: [] }),
  ],
  addressSentPage: [profile.addressSentPage({ email: login, organization })],
  closeAccountPage: [ownData.closeAccountPage({ form, organization, username: 'ada', wrong })],
  accountClosedPage: [ownData.accountClosedPage({ organization })],
  applicationsPage: [
    applications.applicationsPage({ organization, person: 'ada', applications: [], withdrawn: true }),
    applications.applicationsPage({
      organization,
      person: 'ada',
      applications: [{ action: '/x', fields, name: 'The Shop', scopes, allowedAtMs: 9e11, connected: true }],
      withdrawn: false,
    }),
  ],
  registerPage: [registering.registerPage({ form, organization, email: login, wrong })],
  registerClosedPage: [registering.registerClosedPage()],
  registerSentPage: [registering.registerSentPage({ organization, email: login })],
  registerDetailsPage: [
    registering.registerDetailsPage({
      form,
      organization,
      token: 'x',
      email: login,
      values: { name: 'A', username: 'a' },
      wrong: { username: wrong },
    }),
  ],
  registerWaitingPage: [registering.registerWaitingPage({ organization })],
  consentPage: [
    consent.consentPage({
      csrf: 'x',
      action: '/x',
      application: 'The Shop',
      organization,
      person: login,
      scopes,
      others: ['Orders'],
      details: [{ type: 'payment', says: '{\n  "amount": 10\n}' }],
      goesTo: 'https://app.example',
    }),
  ],
  deviceCodePage: [device.deviceCodePage({ action: '/x', fields, wrong: 'unknown' })],
  deviceConfirmPage: [
    device.deviceConfirmPage({
      action: '/x',
      fields,
      application: 'CLI',
      code: 'ABCD-EFGH',
      address: '10.0.0.1',
      agent: 'Firefox/1 Linux',
    }),
  ],
  deviceDonePage: [device.deviceDonePage('CLI')],
  requestsPage: [
    device.requestsPage({ person: 'ada', requests: [], answered: 'allow' }),
    device.requestsPage({
      person: 'ada',
      requests: [{ action: '/x', fields, application: 'Till', scopes, message: 'W4SCT', atMs: 9e11 }],
    }),
  ],
  gatewayDeniedPage: [
    gateway.gatewayDeniedPage({
      application: 'Payroll',
      person: login,
      action: 'GET',
      resource: 'Document a-rather-long-identifier-of-a-document-0123456789',
      reason: 'office-only',
      says: undefined,
      requestId: 'req_x',
      signOut: 'https://payroll.example/.gatehouse/sign-out',
    }),
  ],
  gatewaySignInPage: [gateway.gatewaySignInPage({ address: 'https://payroll.example/.gatehouse/sign-in' })],
  gatewayWeakPage: [
    gateway.gatewayWeakPage({
      application: 'Payroll',
      account: 'https://id.example/account',
      again: 'https://payroll.example/.gatehouse/sign-in',
    }),
  ],
  gatewayBrokenPage: [gateway.gatewayBrokenPage({ reason: 'path-ambiguous', requestId: 'req_x' })],
  onwardPage: [outcome.onwardPage('/account')],
  signOutPage: [outcome.signOutPage({ person: login, action: '/x', fields })],
  signedOutPage: [outcome.signedOutPage()],
  errorPage: [
    outcome.errorPage({
      title: (t) => t.outcome.broken,
      says: wrong,
      requestId: 'req_x',
      next: { href: '/', label: (t) => t.outcome.startAgain },
    }),
  ],
}

test('every page there is stands in this list', () => {
  const found = readdirSync(new URL('.', import.meta.url))
    .filter((name) => /\.pages?\.ts$/.test(name))
    .flatMap((name) => [
      ...readFileSync(new URL(name, import.meta.url), 'utf8').matchAll(/^export const (\w+Page)\b/gm),
    ])
    .map(([, name]) => name as string)
  assert.deepEqual(found.sort(), Object.keys(pages).sort())
})

test('every page in every language is under 50 KB with its style sheet, before the passkey script', () => {
  for (const [name, states] of Object.entries(pages))
    for (const state of states)
      for (const language of languageNames) {
        const { html } = renderPage(state, lookIn(language, '/x'))
        assert.ok(Buffer.byteLength(html) + assets.style.body.length < 50 * 1_024, `${name} ${language}`)
        assert.doesNotMatch(html, /undefined|\[object|<style| style="/, `${name} ${language}`)
      }
})

test('every page in every state passes axe-core: wide and light in English, narrow and dark in Arabic, right to left', async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  const server = await startTestServer(scratch)
  t.after(() => server.close())
  const browser = await shareBrowser(t)
  const { page } = await openWindow(browser, { bypassCSP: true })
  // Leaving at once is for browsers; here the page itself is looked at.
  const still = (html: string) =>
    html.replace(/<meta http-equiv="refresh"[^>]*>/, '').replace(/<script[^>]*><\/script>/g, '')
  await page.goto(`${server.url}/sign-in`)
  const preview = previewPage({ at: '/x', displayName: 'Acme', brand: brandAt('/x', {}), scheme: 'dark' })
  for (const [name, states] of Object.entries({ ...pages, preview: [preview] }))
    for (const [at, state] of states.entries())
      for (const [language, width, scheme] of [
        ['en', 1200, 'light'],
        ['ar', 340, 'dark'],
      ] as const) {
        await page.setContent(still(renderPage(state, lookIn(language, '/x')).html))
        await judgeAt(page, `${name} ${at} ${language}`, width, scheme)
        assert.equal(await page.evaluate('document.styleSheets.length'), 1, 'judged as it looks')
        const direction = await page.evaluate('getComputedStyle(document.body).direction')
        assert.equal(direction, language === 'ar' ? 'rtl' : 'ltr')
      }
})

test('style sheets say start and end, not left and right, so that right to left is the same page turned over', () => {
  const css = assets.style.body.toString()
  const physical =
    /(?:^|[\s;{])(?:(?:margin|padding|border)-(?:left|right)|left|right|float|text-align:\s*(?:left|right))\s*:/m
  assert.doesNotMatch(css, physical)
})
