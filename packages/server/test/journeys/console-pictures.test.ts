import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { openConsoleHouse } from '../support/console.ts'
import { comparePictures, drawsAlike, keptPicture, takePictures } from '../support/console-pictures.ts'

/** Times and one-time names differ from run to run: they are a few hundred pixels. */
const pixelsMost = 0.02
/** Another browser draws other letters in the same places. */
const afarMost = 0.03

test('the pictures in the documentation are what the console looks like: node tools/console-pictures.ts makes them anew', async (t) => {
  const house = await openConsoleHouse(t)
  const { browser } = house
  const alike = drawsAlike(browser)
  t.diagnostic(
    alike
      ? `the same Chromium ${browser.version()}: pixels are compared`
      : `Chromium ${browser.version()} is not the one that drew the kept pictures: sizes and layout are compared, not pixels`,
  )
  const taken = await takePictures(house)
  const root = new URL('../../../../', import.meta.url)
  const pages = [
    'README.md',
    ...readdirSync(new URL('docs/', root))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ]
  const used = pages.flatMap((name) =>
    [...readFileSync(new URL(name, root), 'utf8').matchAll(/images\/([a-z-]+)\.png/g)].map(([, picture]) => picture),
  )
  const names = taken.map(({ name }) => name)
  for (const picture of used) assert.ok(names.includes(picture as string), `${picture} is not taken anew`)
  for (const { name, png } of taken) {
    const found = await comparePictures(browser, png, keptPicture(name))
    const says = `${name}: ${JSON.stringify(found)}`
    t.diagnostic(says)
    assert.ok(found.sameSize, says)
    assert.ok(found.afar <= afarMost, says)
    if (alike) assert.ok(found.pixels <= pixelsMost, says)
  }
  // The comparison itself tells two pages apart.
  const [first, second] = taken
  assert.ok(first && second)
  const apart = await comparePictures(browser, first.png, second.png)
  assert.ok(apart.pixels > pixelsMost && apart.afar > afarMost, JSON.stringify(apart))
})
