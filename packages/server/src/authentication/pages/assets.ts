import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'

interface Asset {
  readonly path: string
  readonly type: string
  readonly body: Buffer
}

const local = (name: string) => readFileSync(new URL(`assets/${name}`, import.meta.url))
const webauthn = () => {
  const main = createRequire(import.meta.url).resolve('@simplewebauthn/browser')
  return readFileSync(join(dirname(main), '../dist/bundle/index.umd.min.js'))
}

/** A file served from our own origin under a name that holds its hash, so that it may be cached for ever. */
function asset(name: string, extension: 'css' | 'js', body: Buffer): Asset {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 12)
  return {
    path: `/assets/${name}-${hash}.${extension}`,
    type: extension === 'css' ? 'text/css; charset=utf-8' : 'text/javascript; charset=utf-8',
    body,
  }
}

const css = readFileSync(new URL('assets/style.css', import.meta.url), 'utf8')
const [light = '', dark = ''] = [...css.matchAll(/:root\s*\{([^}]*)\}/g)].map(([, body]) => body)

/** The custom properties of our own pages by scheme; those of `dark` stand upon `light`. */
export const baseColours = { light, dark: `${light}${dark}` } as const

/** Everything our pages load beside themselves. Scripts are for passkeys and for reading a link's fragment only. */
export const assets = {
  style: asset('style', 'css', Buffer.concat(['style.css', 'parts.css', 'plain.css'].map(local))),
  webauthn: asset('webauthn', 'js', webauthn()),
  passkey: asset('passkey', 'js', local('passkey.js')),
  fragment: asset('fragment', 'js', local('fragment.js')),
} as const

export type ScriptName = 'webauthn' | 'passkey' | 'fragment'

/** Serves the assets. */
export function serveAssets(app: FastifyInstance): void {
  for (const { path, type, body } of Object.values(assets)) {
    app.get(path, { schema: { hide: true } as object }, (_request, reply) =>
      reply.header('cache-control', 'public, max-age=31536000, immutable').type(type).send(body),
    )
  }
}
