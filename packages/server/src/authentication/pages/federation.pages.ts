import type { Texts } from '../languages/languages.ts'
import { fill } from '../languages/say.ts'
import { type Html, html } from './html.ts'
import { button, type Door, hidden, type Page } from './layout.ts'

/** On the way to a provider. Leaves at once; the link is for who must go by hand. */
export const departPage =
  (it: { readonly provider: string; readonly address: string; readonly organization?: Door | undefined }): Page =>
  ({ t }) => ({
    title: fill(t.federation.taking, { provider: it.provider }),
    organization: it.organization,
    goTo: it.address,
    body: html`<h1>${fill(t.federation.taking, { provider: it.provider })}</h1>
<p class="lead">${t.federation.takingLead}</p>
<a class="button" href="${new URL(it.address)}">${t.common.continue}</a>`,
  })

interface ProviderForms {
  readonly providers: readonly { readonly id: string; readonly displayName: string }[]
  readonly form: {
    readonly csrf: string
    readonly attempt?: string | undefined
    readonly returnTo?: string | undefined
    readonly acr?: string | undefined
  }
}

/** One button for each provider: a form, so that it needs no script. */
export const providerForms = (t: Texts, { providers, form }: ProviderForms): Html[] =>
  providers.map(
    ({ id, displayName }) => html`<form method="post" action="/sign-in/provider">
${hidden({ csrf: form.csrf, attempt: form.attempt, return_to: form.returnTo, acr: form.acr, provider: id })}
${button(fill(t.federation.continueWith, { provider: displayName }), 'quiet')}
</form>`,
  )
