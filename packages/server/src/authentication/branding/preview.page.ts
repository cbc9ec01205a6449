import { html } from '../pages/html.ts'
import { button, field, notice, type Page } from '../pages/layout.ts'
import type { Brand } from './brand.ts'

/** What a branding would look like: the parts of the sign-in pages, none of which does anything. */
export const previewPage =
  (it: { at: string; displayName: string; brand: Brand; scheme: 'light' | 'dark' | undefined }): Page =>
  ({ t, language }) => ({
    title: t.preview.title,
    door: { displayName: it.displayName, brand: it.brand },
    body: html`${notice('hint', t.preview.lead)}
<h1>${t.signIn.title}</h1>
<p class="lead">${it.brand.text('welcome', language) ?? t.signIn.lead}</p>
${notice('good', t.account.doneProfile)}
<form method="get" action="${it.at}">
${field(t, { name: 'sample', label: t.signIn.login, autocomplete: 'off', maxlength: 64, optional: true })}
${button(t.common.continue)}
</form>
<p class="after"><a href="${it.at}">${t.signIn.forgot}</a></p>
<p class="after">${(['light', 'dark'] as const).map((scheme) =>
      scheme === it.scheme
        ? html`<b aria-current="true">${t.preview[scheme]}</b> `
        : html`<a href="${it.at}?scheme=${scheme}">${t.preview[scheme]}</a> `,
    )}</p>`,
  })
