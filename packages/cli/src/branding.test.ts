import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { scratchDatabase } from '../../server/test/support/engines.ts'
import { inServer } from '../../server/test/support/house.ts'
import { makePng, pngAddress } from '../../server/test/support/pictures.ts'
import { buildProgram } from './program.ts'

const run = (data: string, ...args: string[]) =>
  buildProgram({ quiet: true }).parseAsync([...args, '--data', data], { from: 'user' })

test('gatehouse organization brand changes what is named, refuses what cannot be read, and takes all away', async (t) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  await inServer(scratch, async ({ api }) => {
    const made = await api('POST', '/api/organizations', { name: 'acme' })
    assert.equal(made.status, 201)
    const logo = join(scratch.directory, 'logo.png')
    writeFileSync(logo, makePng(40, 20))
    const brand = (...args: string[]) => run(scratch.directory, 'organization', 'brand', 'acme', ...args)
    const settings = async () => (await api('GET', `/api/organizations/${made.body.id}`)).body.settings
    await brand('--colour', '#17605a', '--logo', logo, '--preview')
    assert.deepEqual(await settings(), {}, 'a preview changes nothing')
    await brand('--colour', '#17605A', '--logo', logo, '--text', 'de.welcome=Willkommen', 'en.help=Ask us')
    await brand('--text', 'de.welcome=')
    assert.deepEqual(await settings(), {
      branding: { colour: '#17605a', logo: pngAddress(makePng(40, 20)), texts: { en: { help: 'Ask us' } } },
    })
    await assert.rejects(brand('--colour', '#ffee00'), (error: { detail?: string }) => {
      assert.match(error.detail ?? '', /contrast of 1\.\d\d to 1/)
      return true
    })
    await assert.rejects(brand('--logo', join(scratch.directory, 'nothing.png')), /cannot be read/)
    await brand('--none')
    assert.deepEqual(await settings(), { branding: {} })
  })
})
