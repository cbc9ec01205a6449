import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer } from '../../../test/support/house.ts'
import { countryData } from '../../../test/support/mmdb.ts'
import { apiOf, FormBrowser, makeUser } from '../../../test/support/people.ts'

onEachEngine(
  'sessions are listed with browser, address, country and time, and ended one by one or all others',
  (scratch) => {
    const file = join(scratch.directory, 'country.mmdb')
    writeFileSync(file, countryData({ '127.0.0.0/8': 'JP' }))
    return inServer(
      scratch,
      async ({ server, api, clock }) => {
        await makeUser(api, 'alice')
        const [one, two, three] = [0, 0, 0].map(() => new FormBrowser(server.url)) as [
          FormBrowser,
          FormBrowser,
          FormBrowser,
        ]
        for (const browser of [one, two, three]) await browser.signIn('alice')
        clock.advanceMs(2 * 3_600_000)
        await one.open('/account')
        assert.match(one.text, /A program.*This one.*now · 127\.0\.0\.1 .*Signed in \d+ \w+ \d{4}/)
        assert.match(one.text, /2 hours ago/)
        assert.match(one.text, /· Japan ·/)
        await one.open('/account?ui_locales=de')
        assert.match(one.text, /· Japan ·.*Angemeldet am/)
        await one.open('/account')
        const [, action] = /action="(\/account\/sessions\/[^/]+\/end)"/.exec(one.page) as unknown as [string, string]
        await one.submit(action, {})
        assert.match(one.text, /The session has ended/)
        const answers = async () =>
          Promise.all([one, two, three].map(async (browser) => (await apiOf(server, browser)('GET', '/api/me')).status))
        assert.deepEqual((await answers()).toSorted(), [200, 200, 401])
        await one.submit('/account/sessions/end-others', {})
        assert.deepEqual(await answers(), [200, 401, 401])
        // What cannot be read costs the account page its countries, not the page.
        writeFileSync(file, 'no data set')
        clock.advanceMs(120_000)
        assert.equal((await one.open('/account')).status, 200)
        assert.doesNotMatch(one.text, /Japan/)
      },
      { GATEHOUSE_COUNTRY_FILE: file },
    )
  },
)
