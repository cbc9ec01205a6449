import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { FormBrowser, makeUser } from '../../../test/support/people.ts'

onEachEngine('a page is in the language asked for, chosen or liked, and says so (WCAG 3.1.1)', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    await makeUser(api, 'alice')
    const browser = new FormBrowser(server.url)
    const liked = await browser.get(`${server.url}/sign-in`, { 'accept-language': 'ar-EG, en;q=0.5' })
    assert.equal(liked.headers.get('content-language'), 'ar')
    assert.match(await liked.text(), /<html lang="ar" dir="rtl">/)

    await browser.open('/sign-in?ui_locales=xx%20fr-CA&login_hint=alice')
    assert.match(browser.page, /<html lang="fr" dir="ltr">/)
    await browser.submit('/sign-in', { login: 'alice' })
    assert.match(browser.text, /Heureux de vous revoir/, 'what was asked for holds for the whole sign-in')
    await browser.submit('/sign-in/password', { password: 'wrong' })
    assert.equal(browser.status, 401)
    assert.match(browser.text, /Vérifiez votre saisie/)
    assert.doesNotMatch(browser.page, /action="\/language"/, 'a page that answers a form would be lost')

    await browser.open('/sign-in/password')
    await browser.submit('/language', { language: 'de' })
    assert.equal(browser.at, '/sign-in/password')
    assert.match(browser.text, /Willkommen zurück/, 'who chooses gets what they chose, at the page where they were')
    await browser.submit('/sign-in/password', { password: 'copper lantern walrus orbit' })
    assert.match(browser.text, /Mein Konto|Wo Sie angemeldet sind/)
  }),
)

onEachEngine('a language is chosen from our own pages only, among those there are, and leads nowhere else', (scratch) =>
  inServer(scratch, async ({ server }) => {
    const browser = await new FormBrowser(server.url).open('/sign-in')
    await browser.submit('/language', { language: 'de' }, { origin: 'https://evil.example' })
    assert.equal(browser.status, 403)
    await browser.open('/sign-in')
    await browser.submit('/language', { language: '../x' })
    assert.equal(browser.status, 403)
    for (const to of ['https://evil.example/', '//evil.example', '/\\evil.example']) {
      const sent = await browser.post(
        `${server.url}/language`,
        { language: 'de', return_to: to },
        { origin: server.url },
      )
      assert.equal(sent.headers.get('location'), '/sign-in')
    }
  }),
)

onEachEngine(
  'an application asks for a language by ui_locales, and its sign-in and consent are in it (OpenID Connect Core 3.1.2.1)',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      await makeUser(api, 'alice')
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const made = await api('POST', '/api/applications', {
        organizationId: home,
        name: 'shop',
        displayName: 'The Shop',
        kind: 'native',
        redirectUris: ['http://127.0.0.1/callback'],
        grantTypes: ['authorization_code'],
        scopes: ['openid', 'profile'],
        consentRequired: true,
      })
      assert.equal(made.status, 201, JSON.stringify(made.body))
      const query = new URLSearchParams({
        client_id: made.body.id,
        response_type: 'code',
        redirect_uri: 'http://127.0.0.1:1234/callback',
        scope: 'openid profile',
        code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
        code_challenge_method: 'S256',
        ui_locales: 'xx ja',
      })
      const browser = await new FormBrowser(server.url).open(`/oauth/authorize?${query}`)
      assert.match(browser.page, /<html lang="ja"/)
      await browser.submit('/sign-in', { login: 'alice' })
      await browser.submit('/sign-in/password', { password: 'copper lantern walrus orbit' })
      const [, onward] = /url=([^"]+)"/.exec(browser.page) as unknown as [string, string]
      await browser.open(onward.replaceAll('&amp;', '&'))
      assert.match(browser.text, /The Shop を許可しますか？/)
      assert.match(browser.text, /あなたが誰かを知る/)
      const discovery = await (await fetch(`${server.url}/.well-known/openid-configuration`)).json()
      const { ui_locales_supported: said } = discovery as { ui_locales_supported: string[] }
      assert.deepEqual(said.toSorted(), ['ar', 'de', 'en', 'es', 'fr', 'ja'])
    }),
)
