import { createHash } from 'node:crypto'
import type { FastifyReply } from 'fastify'
import { type Look, lookOf } from '../languages/look.ts'
import { assets } from './assets.ts'
import { frame, type Page } from './layout.ts'

/** A page as it is sent. */
export interface RenderedPage {
  readonly html: string
  readonly headers: Readonly<Record<string, string>>
}

/**
 * A page with its strict policy: nothing but our own style sheet and images, no script but on pages that name one, never in
 * a frame. `form-action` is `'self'`: redirects off our origin after a form go by `goTo` (a new navigation), since browsers
 * apply it to the whole redirect chain (CSP3 §6.4.2).
 */
export function renderPage(page: Page, look: Look): RenderedPage {
  const drawn = page(look)
  const scripts = drawn.scripts !== undefined && drawn.scripts.length > 0
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    "img-src 'self' data:",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    ...(scripts ? ["script-src 'self'", "connect-src 'self'"] : []),
  ]
  return {
    html: frame(drawn, look),
    headers: {
      'content-security-policy': policy.join('; '),
      'x-frame-options': 'DENY',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-store',
      'content-language': look.language,
      // With no-referrer, browsers send `Origin: null` with our own forms (Fetch §3.2), and we could not tell them apart.
      'referrer-policy': 'same-origin',
    },
  }
}

/**
 * A page for another host than ours, whole in itself: its style stands inside, and is the only one that its policy lets in. Its brand, where
 * it has one, is whole too (`brandWithin`).
 */
export function renderWhole(page: Page, look: Look): RenderedPage {
  const drawn = page(look)
  const css = `${assets.style.body}${drawn.door?.brand.css ?? ''}`
  const hash = createHash('sha256').update(css).digest('base64')
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    'img-src data:',
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ]
  return {
    html: frame(drawn, look, css),
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-store',
      'content-language': look.language,
      vary: 'accept-language',
    },
  }
}

/** Sends a page in the language of whoever asked for it. */
export function sendPage(reply: FastifyReply, page: Page, status = 200): FastifyReply {
  const { html, headers } = renderPage(page, lookOf(reply.request))
  return reply.code(status).headers(headers).type('text/html; charset=utf-8').send(html)
}
