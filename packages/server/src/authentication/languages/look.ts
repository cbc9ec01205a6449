import type { FastifyRequest } from 'fastify'
import {
  isLanguage,
  type Language,
  type LanguageFacts,
  languageOfHeader,
  languageOfTags,
  languages,
  type Texts,
} from './languages.ts'

/** In which dress a page is sent: decided by its request, not by what the page is about. */
export interface Look {
  readonly language: Language
  readonly direction: LanguageFacts['direction']
  readonly t: Texts
  /** Where the page can be had again in another language; undefined for one that answers a form. */
  readonly here: string | undefined
}

export const lookIn = (language: Language, here?: string): Look => {
  const { direction, texts } = languages[language]
  return { language, direction, t: texts, here }
}

/** Cookies that name a language, without meaning to anybody else. `__Host-` where there is https. */
const cookieOf = (request: FastifyRequest, name: string): string | undefined =>
  request.cookies?.[`__Host-gatehouse-${name}`] ?? request.cookies?.[`gatehouse-${name}`]

/**
 * The language of whoever sent a request: what the application asked for (`ui_locales`, in this request or at the beginning of
 * this sign-in), else what they chose, else what their browser likes best, else English.
 * @param asked `ui_locales` where it is not in the request's own query
 */
export function lookOf(request: FastifyRequest, asked?: unknown): Look {
  const query = (request.query ?? {}) as Record<string, unknown>
  const tags = asked ?? query.ui_locales
  const [askedBefore, chosen] = [cookieOf(request, 'asked-language'), cookieOf(request, 'language')]
  const language =
    (typeof tags === 'string' ? languageOfTags(tags) : undefined) ??
    (isLanguage(askedBefore) ? askedBefore : undefined) ??
    (isLanguage(chosen) ? chosen : undefined) ??
    languageOfHeader(request.headers['accept-language'] ?? '') ??
    'en'
  return lookIn(language, request.method === 'GET' ? withoutAsked(request.url) : undefined)
}

/** The address without what would ask for a language again. */
function withoutAsked(url: string): string {
  const [path, query] = url.split(/\?(.*)/s) as [string, string?]
  const left = new URLSearchParams(query)
  left.delete('ui_locales')
  return left.size === 0 ? path : `${path}?${left}`
}
