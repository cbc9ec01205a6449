import assert from 'node:assert/strict'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { type Api, FormBrowser, makeUser } from '../../../test/support/people.ts'
import { makePng, pngAddress } from '../../../test/support/pictures.ts'

async function brand(api: Api, id: string, branding: object) {
  const { headers } = await api('GET', `/api/organizations/${id}`)
  const etag = headers.get('etag') as string
  return api('PATCH', `/api/organizations/${id}`, { settings: { branding } }, { 'if-match': etag })
}

onEachEngine('a brand is looked at first, then shown on the pages of its organization and no others', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    const acme = (await api('POST', '/api/organizations', { name: 'acme', displayName: 'Acme' })).body.id
    await makeUser(api, 'alice', acme)
    const logo = pngAddress(makePng(40, 20, [['tEXt', 'Author\0Mallory']]))
    const texts = { en: { welcome: 'Welcome to Acme', help: 'Ask us: 1234' }, de: { welcome: 'Willkommen bei Acme' } }
    const branding = { colour: '#7a1fa2', logo, texts }

    const refused = await api('POST', `/api/organizations/${acme}/branding-preview`, { colour: '#ffee00' })
    assert.equal(refused.status, 400)
    assert.match(refused.body.detail, /contrast of 1\.\d\d to 1/)
    assert.equal((await brand(api, acme, { colour: '#ffee00' })).status, 400)

    const seen = await api('POST', `/api/organizations/${acme}/branding-preview`, branding)
    assert.equal(seen.status, 200, JSON.stringify(seen.body))
    const { pathname } = new URL(seen.body.url)
    const browser = await new FormBrowser(server.url).open(`${pathname}?scheme=dark`)
    assert.match(browser.text, /This is a preview.*Welcome to Acme/)
    assert.doesNotMatch((await browser.open('/sign-in?organization=acme')).page, /\/brand\//, 'nothing is in force yet')
    assert.equal((await browser.open(`/brand/preview/${'A'.repeat(43)}`)).status, 410)

    const applied = await brand(api, acme, branding)
    assert.equal(applied.status, 200, JSON.stringify(applied.body))
    await browser.open('/sign-in?organization=acme&ui_locales=de')
    assert.match(browser.text, /Willkommen bei Acme/)
    assert.match(browser.text, /Ask us: 1234/, 'what is not said in a language is said in English')
    const [, style] = /href="(\/brand\/[^"]+\/style\.css)"/.exec(browser.page) as unknown as [string, string]
    const [, picture] = /<img src="([^"]+)" alt="Acme">/.exec(browser.page) as unknown as [string, string]
    for (const [path, type] of [
      [style, 'text/css; charset=utf-8'],
      [picture, 'image/png'],
    ] as const) {
      const sent = await browser.get(server.url + path)
      assert.equal(sent.status, 200)
      assert.equal(sent.headers.get('content-type'), type)
      assert.equal(sent.headers.get('x-content-type-options'), 'nosniff')
      assert.match(sent.headers.get('content-security-policy') ?? '', /default-src 'none'; sandbox/)
      assert.match(sent.headers.get('cache-control') ?? '', /immutable/)
      assert.ok(!Buffer.from(await sent.arrayBuffer()).includes('Mallory'))
    }
    assert.equal((await browser.get(server.url + style.replace(/[^/]+\/style/, 'x/style'))).status, 404)

    await browser.submit('/sign-in', { login: 'alice' })
    assert.match(browser.page, /\/brand\//)
    await browser.submit('/sign-in/password', { password: 'copper lantern walrus orbit' })
    assert.match(browser.page, /class="bar"><a href="\/account"><picture>/)
    assert.doesNotMatch((await new FormBrowser(server.url).open('/sign-in')).page, /\/brand\//)
  }),
)

onEachEngine(
  'an organization that is the only one greets everybody with its brand; without one, pages are ours',
  (scratch) =>
    inServer(scratch, async ({ server, api }) => {
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      assert.doesNotMatch((await new FormBrowser(server.url).open('/sign-in')).page, /\/brand\//)
      await brand(api, home, { colour: '#17605a' })
      assert.match((await new FormBrowser(server.url).open('/sign-in')).page, /\/brand\//)
      await brand(api, home, {})
      assert.doesNotMatch((await new FormBrowser(server.url).open('/sign-in')).page, /\/brand\//)
    }),
)
