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
