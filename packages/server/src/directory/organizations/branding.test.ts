import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { makePng, pngAddress } from '../../../test/support/pictures.ts'
import { Problems } from '../values/problems.ts'
import { type Branding, grounds, palettesOf, parseBranding } from './branding.ts'
import { contrastOf } from './colours.ts'
import { readPng } from './png.ts'

function wrongOf(branding: Branding): string | undefined {
  const problems = new Problems()
  parseBranding(problems, '', branding)
  try {
    problems.throwIfAny()
    return undefined
  } catch (error) {
    return (error as { detail: string }).detail
  }
}

test('contrastOf: black on white is 21, and the boundary is counted as in WCAG 2.2, "contrast ratio"', () => {
  assert.equal(contrastOf('#000000', '#ffffff'), 21)
  assert.equal(contrastOf('#767676', '#ffffff').toFixed(2), '4.54')
  assert.equal(contrastOf('#777777', '#ffffff').toFixed(2), '4.48')
})

test('a colour that could not be read is refused with its ratio, which is never rounded up to enough (WCAG 2.2, 1.4.3)', () => {
  assert.match(
    wrongOf({ colour: '#ffcc00' }) ?? '',
    /^\/colour has a contrast of 1\.3\d to 1 on light pages.* needs 4\.5/,
  )
  assert.match(wrongOf({ colour: '#17605a', darkColour: '#17605a' }) ?? '', /^\/darkColour has a contrast of \d\.\d\d/)
  assert.equal(wrongOf({ colour: '#17605A' }), undefined)
  assert.match(wrongOf({ colour: 'red' }) ?? '', /must be a colour/)
  assert.match(wrongOf({ colour: '#777777' }) ?? '', /contrast of 4\.0\d/)
})

test('whatever colour is taken, everything made of it can be read in both schemes', () => {
  const hex = fc.integer({ min: 0, max: 0xff_ff_ff }).map((value) => `#${value.toString(16).padStart(6, '0')}`)
  fc.assert(
    fc.property(hex, (colour) => {
      if (wrongOf({ colour }) !== undefined) return
      for (const [scheme, palette] of Object.entries(palettesOf({ colour }) ?? {})) {
        const { card, paper, ink, soft } = grounds[scheme as 'light' | 'dark']
        for (const [front, back] of [
          [palette.accent, card],
          [palette.accent, paper],
          [palette.hover, card],
          [palette.onAccent, palette.accent],
          [palette.onAccent, palette.hover],
          [ink, palette.tint],
          [soft, palette.tint],
          ['#ffffff', palette.wall[0]],
          ['#ffffff', palette.wall[2]],
        ] as const)
          assert.ok(contrastOf(front, back) >= 4.5, `${colour} ${scheme}: ${front} on ${back}`)
      }
    }),
    { numRuns: 500 },
  )
})

test('the grounds that colours are judged on are those of the style sheet', () => {
  const css = readFileSync(new URL('../../authentication/pages/assets/style.css', import.meta.url), 'utf8')
  const [light, dark] = [...css.matchAll(/:root\s*\{([^}]*)\}/g)].map(([, body]) => body as string)
  for (const [scheme, body] of [
    ['light', light],
    ['dark', dark],
  ] as const)
    for (const [name, colour] of Object.entries(grounds[scheme]))
      assert.match(body as string, new RegExp(`--${name}: ${colour};`), scheme)
})

test('a logo is a PNG within its bounds, whole, and sent without what came along with it', () => {
  const plain = makePng(8, 4)
  const chatty = makePng(8, 4, [
    ['tEXt', 'Author\0Mallory'],
    ['eXIf', 'where it was taken'],
  ])
  assert.deepEqual(readPng(pngAddress(chatty)), plain)
  assert.equal(wrongOf({ logo: pngAddress(plain) }), undefined)
  const flipped = Buffer.from(plain)
  flipped[45] = (flipped[45] as number) ^ 1
  for (const [wrong, says] of [
    [pngAddress(makePng(1_025, 4)), /at most 1024/],
    [pngAddress(makePng(4, 513)), /at most 1024/],
    [pngAddress(Buffer.concat([plain, Buffer.from('<script>alert(1)</script>')])), /behind its end/],
    [pngAddress(plain.subarray(0, -6)), /cut off|behind/],
    [pngAddress(flipped), /damaged/],
    [pngAddress(makePng(8, 4, [['EVIL', 'x']])), /not known/],
    [pngAddress(Buffer.from('GIF89a')), /no PNG/],
    [pngAddress(Buffer.alloc(17_000)), /at most 16384 bytes/],
    [`data:image/svg+xml;base64,${Buffer.from('<svg onload="alert(1)"/>').toString('base64')}`, /must be a PNG/],
    ['https://evil.example/logo.png', /must be a PNG/],
    [`${pngAddress(plain)}\n`, /base64/],
  ] as const)
    assert.match(wrongOf({ logo: wrong }) ?? 'taken', says)
})

test('texts are one line each, by language', () => {
  assert.equal(wrongOf({ texts: { de: { welcome: 'Willkommen' } } }), undefined)
  assert.match(wrongOf({ texts: { German: { welcome: 'x' } } }) ?? '', /by language/)
  assert.match(wrongOf({ texts: { de: { help: 'a\nb' } } }) ?? '', /one line/)
  assert.match(wrongOf({ texts: { de: { help: ' ' } } }) ?? '', /one line/)
})
