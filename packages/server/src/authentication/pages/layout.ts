import { type Brand, brandOf, type Door } from '../branding/brand.ts'
import { languageNames, languages, type Texts } from '../languages/languages.ts'
import type { Look } from '../languages/look.ts'
import { assets, type ScriptName } from './assets.ts'
import { type Html, html, type Interpolated, trustMarkup } from './html.ts'

export type { Door } from '../branding/brand.ts'

/** One page, put into words when its reader's language is known. */
export type Page = (look: Look) => Drawn

/** A page in words before it is framed. */
export interface Drawn {
  readonly title: string
  readonly body: Html
  /** `gate` is one card beside the mark; `plain` is a wide page under a bar. */
  readonly frame?: 'gate' | 'plain'
  /** Whose door this is, shown above the card. */
  readonly organization?: Door | undefined
  /** In place of `organization` where the brand is not the one in force. */
  readonly door?: { readonly displayName: string; readonly brand: Brand }
  /** Who is signed in, shown in the bar of a plain page. */
  readonly person?: string | undefined
  readonly scripts?: readonly ScriptName[]
  /** Leave for this address of ours at once; the page's link is for who must do it by hand. */
  readonly goTo?: string
}

const arch = 'M4 28V14.5C4 8.1 9.4 3 16 3s12 5.1 12 11.5V28h-6V15c0-3.4-2.7-6-6-6s-6 2.6-6 6v13H4Z'
const mark = trustMarkup(
  `<svg class="mark" viewBox="0 0 32 32" width="32" height="32" aria-hidden="true" focusable="false"><path fill="currentColor" d="${arch}"/><circle fill="currentColor" cx="16" cy="20" r="2.6"/></svg>`,
)
const icon = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#1d6b63" d="${arch}"/><circle fill="#1d6b63" cx="16" cy="20" r="2.6"/></svg>`)}`

/** The whole document of a page. @param css everything that it looks like, for one on a host where our style sheets cannot be had */
export function frame(page: Drawn, look: Look, css?: string): string {
  const brand = page.door?.brand ?? brandOf(page.organization)
  const document = html`<!doctype html>
<html lang="${look.language}" dir="${look.direction}">
<head>
<meta charset="utf-8">
<title>${page.title} · Gatehouse</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${page.goTo !== undefined && html`<meta http-equiv="refresh" content="0;url=${page.goTo}">`}
<link rel="icon" href="${icon}">
${css === undefined ? html`<link rel="stylesheet" href="${assets.style.path}">` : html`<style>${trustMarkup(css)}</style>`}
${brand?.style !== undefined && html`<link rel="stylesheet" href="${brand.style}">`}
${(page.scripts ?? []).map((name) => html`<script src="${assets[name].path}" defer></script>`)}
</head>
${page.frame === 'plain' ? plain(page, look, brand) : gate(page, look, brand)}
</html>
`
  return document.toString()
}

const gate = (page: Drawn, look: Look, brand: Brand | undefined): Html => html`<body class="gate">
<div class="wall" aria-hidden="true">${mark}<p>Gatehouse</p></div>
<main>
<div class="card">
<p class="whose">${logo(nameOf(page), brand)}</p>
${page.body}
${help(look, brand)}
</div>
${chooser(look)}
</main>
</body>`

const plain = (page: Drawn, look: Look, brand: Brand | undefined): Html => html`<body class="plain">
<header class="bar"><a href="/account">${logo(brand === undefined ? 'Gatehouse' : nameOf(page), brand)}</a>${page.person !== undefined && html`<span class="person">${page.person}</span>`}</header>
<main>
${page.body}
${help(look, brand)}
${chooser(look)}
</main>
</body>`

const nameOf = (page: Drawn): string => page.door?.displayName ?? page.organization?.displayName ?? 'Gatehouse'

/** The brand's own logo says its name; ours stands beside the name. */
const logo = (name: string, brand: Brand | undefined): Html =>
  brand?.logo === undefined
    ? html`${mark}<span>${name}</span>`
    : html`<picture>${brand.darkLogo !== undefined && html`<source media="(prefers-color-scheme: dark)" srcset="${brand.darkLogo}">`}<img src="${brand.logo}" alt="${name}"></picture>`

const help = ({ language }: Look, brand: Brand | undefined): Html | false => {
  const text = brand?.text('help', language)
  return text !== undefined && html`<p class="after help" dir="auto">${text}</p>`
}

/** Other languages, each a press away without scripts. Not where a page answers a form, and would be lost. */
const chooser = ({ here, language, t }: Look): Html | false =>
  here !== undefined &&
  html`<form class="languages" method="post" action="/language" aria-label="${t.common.language}">
${hidden({ return_to: here })}
${languageNames.map((name) =>
  name === language
    ? html`<span lang="${name}" aria-current="true">${languages[name].name}</span>`
    : html`<button name="language" value="${name}" lang="${name}" dir="${languages[name].direction}" type="submit">${languages[name].name}</button>`,
)}
</form>`

/** A sentence that helps, above a form. `wrong` is announced at once. */
export function notice(kind: 'wrong' | 'good' | 'hint', text: Interpolated): Html {
  return kind === 'wrong'
    ? html`<p class="notice wrong" role="alert">${text}</p>`
    : html`<p class="notice ${kind}" role="status">${text}</p>`
}

export interface Field {
  readonly name: string
  readonly label: string
  readonly type?: 'text' | 'password' | 'email'
  readonly value?: string | undefined
  readonly autocomplete?: string
  readonly hint?: Interpolated
  readonly wrong?: string | undefined
  readonly inputmode?: 'numeric' | 'text'
  readonly maxlength?: number
  readonly focus?: boolean
  readonly optional?: boolean
  readonly code?: boolean
}

/** A labelled input with its hint and what is wrong with it, tied together for assistive technology. */
export function field(t: Texts, it: Field): Html {
  const hintId = `${it.name}-hint`
  const wrongId = `${it.name}-wrong`
  const described = [it.wrong !== undefined && wrongId, it.hint !== undefined && hintId].filter(Boolean).join(' ')
  return html`<div class="field">
<label for="${it.name}">${it.label}${it.optional && html` <span class="optional">${t.common.optional}</span>`}</label>
<input id="${it.name}" name="${it.name}" type="${it.type ?? 'text'}"${it.value !== undefined && html` value="${it.value}"`}${
    it.autocomplete !== undefined && html` autocomplete="${it.autocomplete}"`
  }${it.inputmode !== undefined && html` inputmode="${it.inputmode}"`}${
    it.maxlength !== undefined && html` maxlength="${it.maxlength}"`
  }${it.code && html` class="code"`}${described !== '' && html` aria-describedby="${described}"`}${
    it.wrong !== undefined && html` aria-invalid="true"`
  }${it.focus && html` autofocus`}${!it.optional && html` required`} autocapitalize="none" spellcheck="false">
${it.wrong !== undefined && html`<p class="wrong" id="${wrongId}">${it.wrong}</p>`}
${it.hint !== undefined && html`<p class="hint" id="${hintId}">${it.hint}</p>`}
</div>`
}

/** Hidden inputs of a form. */
export function hidden(values: Readonly<Record<string, string | undefined>>): Html[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [html`<input type="hidden" name="${name}" value="${value}">`],
  )
}

export const button = (text: string, kind: 'main' | 'quiet' | 'danger' = 'main'): Html =>
  html`<button class="${kind}" type="submit">${text}</button>`
