import { html } from './html.ts'
import { button, hidden, notice, type Page } from './layout.ts'
import type { FormState } from './sign-in.pages.ts'

/** Asks before it sends a letter. Looks the same for a name that nobody has. */
export const forgottenPage = (it: { form: FormState; login: string; wrong?: string | undefined }): Page => ({
  title: 'Forgotten password',
  body: html`<h1>Forgot your password?</h1>
<p class="lead">We send a link to the e-mail address of this account. It lets you choose a new password.</p>
<p class="who"><b>${it.login}</b></p>
${it.wrong !== undefined && notice('wrong', it.wrong)}
<form method="post" action="/forgotten">
${hidden({ csrf: it.form.csrf, attempt: it.form.attempt })}
${button('Send me the link')}
</form>
<p class="after"><a href="/sign-in/password">Back to the password</a></p>`,
})

/** The one answer, whether or not there is such an account, and whether or not a letter was sent. */
export const letterSentPage = (it: { login: string }): Page => ({
  title: 'Look into your mail',
  body: html`<h1>Look into your mail</h1>
<p class="lead">If <b>${it.login}</b> can be recovered by mail, a letter with a link is on its way. The link works once, for an hour.</p>
${notice('hint', 'Nothing there after some minutes? Look among unwanted mail. An account without a password or an address, and one that must have two factors but has one, is set up again by an administrator of your organization.')}
<p class="after"><a href="/sign-in/password">Back to the password</a></p>`,
})

/** Changed; signing in is still to do, so that a second factor is asked for as ever. */
export const recoveredPage = (): Page => ({
  title: 'Password changed',
  body: html`<h1>Your password is changed</h1>
<p class="lead">All your sessions have ended. Sign in with the new password; a second step is asked for as before.</p>
<a class="button" href="/sign-in?restart=1">Sign in</a>`,
})
