/** Pages that gateways show on an application's own host, where our style sheets cannot be reached: whole in themselves. */
const headers = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
}

const style = `body{font:16px/1.5 system-ui,sans-serif;color:#1c2430;background:#f4f6f8;margin:0;display:grid;min-height:100vh;
place-items:center}main{background:#fff;border:1px solid #dde3ea;border-radius:12px;padding:2.5rem;max-width:30rem}
h1{font-size:1.4rem;margin:0 0 .75rem}dl{background:#f4f6f8;border-radius:8px;padding:.75rem 1rem;display:grid;
grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1rem 0}dt{color:#5b6775}dd{margin:0;overflow-wrap:anywhere}
a{color:#1d5fd1}@media(prefers-color-scheme:dark){body{background:#12161c;color:#e6ebf1}main{background:#1b2129;
border-color:#2b333d}dl{background:#12161c}dt{color:#9aa7b5}a{color:#7db0ff}}`

const inHtml = (text: string) =>
  text.replace(/[&<>"']/g, (character) => `&#${(character.codePointAt(0) as number).toString()};`)

const page = (title: string, body: string) => ({
  headers,
  html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${inHtml(title)}</title><style>${style}</style></head><body><main><h1>${inHtml(title)}</h1>${body}</main></body></html>`,
})

export interface Denied {
  readonly application: string
  readonly person: string | undefined
  readonly action: string | undefined
  readonly resource: string | undefined
  readonly reason: string
  readonly says: string | undefined
  readonly requestId: string
  /** Where one signs in as somebody else. */
  readonly signOut: string
}

/** Signed in, but not allowed: says so to a person, with what finds the decision in the record. */
export function deniedPage(it: Denied) {
  const row = (name: string, text: string | undefined) =>
    text === undefined ? '' : `<dt>${name}</dt><dd>${inHtml(text)}</dd>`
  const says = it.says ?? 'You are signed in, but no policy lets you do this. If you need it, ask who looks after it.'
  return page(
    `You may not open this in ${it.application}`,
    `<p>${inHtml(says)}</p><dl>${row('Signed in as', it.person)}${row('Wanted', it.action)}${row('Resource', it.resource)}
${row('Reason', it.reason)}${row('Request', it.requestId)}</dl><p><a href="${inHtml(it.signOut)}">Sign in as someone else</a></p>`,
  )
}

/** For a gateway that cannot redirect, or a code that came too late. */
export function signInPage(address: string) {
  return page('Sign in to go on', `<p><a href="${inHtml(address)}">Sign in</a>, and you come back here.</p>`)
}

/** Signed in again, and still not as surely as the application wants. */
export function tooWeakPage(application: string, account: string) {
  return page(
    `${application} wants a stronger sign-in`,
    `<p>You are signed in, but not as surely as this needs. Add a passkey or a second factor to
<a href="${inHtml(account)}">your account</a>, then open the application again.</p>`,
  )
}
