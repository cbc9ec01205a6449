import { hash } from 'node:crypto'
import type { KoaContextWithOIDC } from 'oidc-provider'

const script = "document.addEventListener('DOMContentLoaded',()=>document.forms[0].submit())"
const policy = `default-src 'none'; script-src 'sha256-${hash('sha256', script, 'base64')}'; frame-ancestors 'none'; base-uri 'none'`

/**
 * The provider's page that posts itself (`response_mode=form_post`, and its own forms), as one that our policy lets run and that has
 * a button where scripts are off. No `form-action`: the application may redirect where it likes.
 */
export function redrawFormPost(ctx: KoaContextWithOIDC): void {
  const { body } = ctx as { body?: unknown }
  if (typeof body !== 'string' || !body.includes('document.forms[0].submit()')) return
  const action = /<form method="post" action="([^"]*)">/.exec(body)?.[1]
  if (action === undefined || /^\s*(javascript|data|vbscript):/i.test(action))
    throw new TypeError("the provider's form has another shape than expected")
  // Both are escaped by the provider already.
  const inputs = (body.match(/<input type="hidden" name="\w+" value="[^"]*"\/>/g) ?? []).join('\n')
  ctx.body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Back to the application</title>
<script>${script}</script>
</head>
<body>
<form method="post" action="${action}">
${inputs}
<button type="submit">Continue</button>
</form>
</body>
</html>
`
  ctx.set('content-security-policy', policy)
  ctx.set('cache-control', 'no-store')
  ctx.set('referrer-policy', 'same-origin')
}
