import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeText, Html, html, trustMarkup } from './html.ts'

test('html: whatever text is put in, the markup keeps the shape of the template', () => {
  const shapeOf = (markup: string) => markup.replace(/[^<>"]/g, '')
  const shape = shapeOf(String(html`<a title="${''}">${''}</a>`))
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), (inAttribute, inText) => {
      assert.equal(shapeOf(String(html`<a title="${inAttribute}">${inText}</a>`)), shape)
    }),
  )
})

test('html: only markup made by html or trustMarkup goes in as it is', () => {
  assert.equal(String(html`${html`<b>${'<i>'}</b>`}${trustMarkup('<hr>')}`), '<b>&lt;i&gt;</b><hr>')
  const pretender = { toString: () => '<script>' } as unknown as string
  assert.equal(String(html`${pretender}`), '&lt;script&gt;')
  assert.ok(html`` instanceof Html)
})

test('html: nothing renders as nothing, zero as zero, lists in order', () => {
  assert.equal(String(html`[${undefined}${null}${false}${0}${['a', ['<', 1]]}]`), '[0a&lt;1]')
})

test('html: a URL that would run as a script is a mistake of the caller', () => {
  assert.equal(String(html`${new URL('https://a.example/?a=1&b=2')}`), 'https://a.example/?a=1&amp;b=2')
  assert.throws(() => html`${new URL('javascript:alert(1)')}`, TypeError)
})

test('escapeText: the characters that end text or a quoted value (HTML 13.1.2.3)', () => {
  assert.equal(escapeText(`&<>"'\``), '&amp;&lt;&gt;&quot;&#39;&#96;')
})
