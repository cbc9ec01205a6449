import { createHmac } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type Entropy, randomToken } from '#kernel'
import { hashToken } from '../sessions/session.ts'

const tokenShape = /^[\w-]{43}$/

/**
 * The cookies of our pages. Over https their names begin with `__Host-`, so that no other host or path can plant one
 * (RFC 6265bis §4.1.3.2); plain http, which is for loopback only, does without, as browsers refuse the prefix there.
 */
export class Cookies {
  readonly #secure: boolean
  readonly #entropy: Entropy
  readonly names: { readonly session: string; readonly flow: string; readonly device: string }

  constructor(url: string, entropy: Entropy) {
    this.#secure = url.startsWith('https:')
    this.#entropy = entropy
    const prefix = this.#secure ? '__Host-' : ''
    this.names = {
      session: `${prefix}gatehouse-session`,
      flow: `${prefix}gatehouse-flow`,
      device: `${prefix}gatehouse-device`,
    }
  }

  read(request: FastifyRequest, cookie: keyof Cookies['names']): string | undefined {
    const value = request.cookies[this.names[cookie]]
    return value !== undefined && tokenShape.test(value) ? value : undefined
  }

  /** @param maxAgeMs without one the cookie goes with the browser's window */
  set(reply: FastifyReply, cookie: keyof Cookies['names'], token: string, maxAgeMs?: number): void {
    reply.setCookie(this.names[cookie], token, {
      path: '/',
      httpOnly: true,
      secure: this.#secure,
      // `lax`: an application sends people here by a link, and they must still be signed in.
      sameSite: 'lax',
      ...(maxAgeMs !== undefined && { maxAge: Math.floor(maxAgeMs / 1_000) }),
    })
  }

  /** A language that pages are shown in. Not a secret, and not a token: what is read is one of a few words. */
  setLanguage(
    reply: FastifyReply,
    name: 'language' | 'asked-language',
    language: string | undefined,
    maxAgeMs?: number,
  ) {
    const options = { path: '/', httpOnly: true, secure: this.#secure, sameSite: 'lax' } as const
    const full = `${this.#secure ? '__Host-' : ''}gatehouse-${name}`
    if (language === undefined) reply.clearCookie(full, options)
    else
      reply.setCookie(full, language, {
        ...options,
        ...(maxAgeMs !== undefined && { maxAge: Math.floor(maxAgeMs / 1_000) }),
      })
  }

  clear(reply: FastifyReply, cookie: keyof Cookies['names']): void {
    reply.clearCookie(this.names[cookie], { path: '/', httpOnly: true, secure: this.#secure, sameSite: 'lax' })
  }

  /** The browser's pre-session token, made now if there is none. */
  flow(request: FastifyRequest, reply: FastifyReply): Flow {
    const known = this.read(request, 'flow')
    return known === undefined ? this.newFlow(reply) : flowOf(known)
  }

  /** Another pre-session token: whoever planted the former one does not know it. */
  newFlow(reply: FastifyReply): Flow {
    const token = randomToken(this.#entropy)
    this.set(reply, 'flow', token)
    return flowOf(token)
  }
}

/** A browser before it has a session. */
export interface Flow {
  readonly token: string
  readonly keyHash: string
  readonly csrf: string
}

export const flowOf = (token: string): Flow => ({ token, keyHash: hashToken(token), csrf: csrfOf(token) })

/** What a form must carry to be ours: only who can read the cookie or our page knows it. */
export const csrfOf = (token: string): string =>
  createHmac('sha256', token).update('gatehouse form').digest('base64url')
