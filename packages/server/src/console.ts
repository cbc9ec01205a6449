// The console's files at /console: built from packages/console, served from our own origin under the strictest policy it runs on.
import { type ConsoleFile, type ConsoleFiles, consoleFiles } from '@gatehouse/console'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Fault } from '#kernel'
import type { Web } from '#web'

// No inline script or style, nothing from elsewhere: what a hostile name would need in order to run does not exist.
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const arch = 'M4 28V14.5C4 8.1 9.4 3 16 3s12 5.1 12 11.5V28h-6V15c0-3.4-2.7-6-6-6s-6 2.6-6 6v13H4Z'
const icon = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#1d6b63" d="${arch}"/><circle fill="#1d6b63" cx="16" cy="20" r="2.6"/></svg>`)}`

/** The page is the same for everybody and tells nothing: who one is and what one sees comes from the API. */
const pageOf = ({ script, style, first }: ConsoleFiles) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Gatehouse</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" href="${icon}">
<link rel="stylesheet" href="/console/files/${style}">
${first.map((name) => `<link rel="modulepreload" href="/console/files/${name}">`).join('\n')}
<script type="module" src="/console/files/${script}"></script>
</head>
<body>
<div id="console"><noscript>The console needs JavaScript. The command line (<code>gatehouse</code>) does all that it does; <a href="/account">your account</a> works without.</noscript></div>
</body>
</html>
`

/** Serves the console. It is built when first asked for, unless that was done at installation. */
export function serveConsole(web: Web): void {
  const page = async (_request: FastifyRequest, reply: FastifyReply) =>
    reply
      .headers({
        'content-security-policy': policy,
        'cache-control': 'no-cache',
        'referrer-policy': 'same-origin',
        'permissions-policy': 'camera=(), microphone=(), geolocation=()',
      })
      .type('text/html; charset=utf-8')
      .send(pageOf(await consoleFiles()))
  web.app.get('/console', { schema: { hide: true } as object }, page)
  web.app.get('/console/*', { schema: { hide: true } as object }, page)
  web.app.get('/console/files/:name', { schema: { hide: true } as object }, async (request, reply) => {
    const { name } = request.params as { name: string }
    const file = (await consoleFiles()).files.get(name)
    if (file === undefined) throw new Fault('web.not_found')
    return send(request, reply, file)
  })
}

function send(request: FastifyRequest, reply: FastifyReply, file: ConsoleFile): FastifyReply {
  const accepted = String(request.headers['accept-encoding'] ?? '')
  const encoding = /\bbr\b/.test(accepted) ? 'br' : /\bgzip\b/.test(accepted) ? 'gzip' : 'plain'
  reply.headers({ 'cache-control': 'public, max-age=31536000, immutable', vary: 'accept-encoding' }).type(file.type)
  if (encoding !== 'plain') reply.header('content-encoding', encoding)
  return reply.send(file[encoding])
}
