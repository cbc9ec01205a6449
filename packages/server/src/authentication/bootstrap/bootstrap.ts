import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { FastifyRequest } from 'fastify'
import { record } from '#feed'
import { type Act, type Clock, Fault, type Meter } from '#kernel'
import type { Storage } from '#storage'
import { type Identify, type Identity, traced } from '#web'
import '../events.ts'
import '../faults.ts'
import { breakGlassUses } from '../break-glass.ts'

const fileName = 'bootstrap.json'
const scheme = 'Gatehouse-Bootstrap '
const longestSeconds = 60
const skewSeconds = 5
const rememberMost = 100_000
const proxied = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

export interface Bootstrap {
  /** Recognises requests that are signed with the credential. */
  readonly identify: Identify
  /**
   * Listens on a loopback port of its own for requests with the credential, and writes it with that address (mode 0600) for
   * whoever can read the data directory.
   * @param handle what answers requests: the same as on the public address
   */
  publish(handle: RequestListener): Promise<void>
  /** Removes the file and takes no new connection: the key dies with the process. */
  withdraw(): void
  /** Cuts the connections that are left. */
  close(): void
}

/**
 * A fresh ES256 key at each start, its private half in `bootstrap.json`. A request carries a JWT signed with it (typ
 * `gatehouse-bootstrap+jwt`, aud the address in the file, exp within a minute, jti used once) and comes by a loopback port of
 * its own. Every use is recorded before the request goes on. INVARIANT: never by the public port: behind a proxy on the same
 * machine everybody's connection there is from loopback, and no header is sure to tell.
 */
export async function openBootstrap(deps: {
  readonly storage: Storage
  readonly clock: Clock
  readonly dataDirectory: string
  readonly meter: Meter
}): Promise<Bootstrap> {
  const { storage, clock } = deps
  const file = join(deps.dataDirectory, fileName)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const kid = randomUUID()
  const key = { ...privateKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }
  const uses = breakGlassUses(deps.meter)
  let url: string | undefined
  let server: Server | undefined
  const used = new UsedOnce(clock)

  const verify = async (jwt: string): Promise<{ jti: string; expiresAtMs: number }> => {
    if (url === undefined) throw new Error('not published yet')
    const { jwtVerify } = await import('jose')
    const { payload } = await jwtVerify(jwt, publicKey, {
      algorithms: ['ES256'],
      typ: 'gatehouse-bootstrap+jwt',
      audience: url,
      clockTolerance: skewSeconds,
      currentDate: new Date(clock.nowMs()),
      requiredClaims: ['exp', 'jti'],
    })
    const { exp, jti } = payload as { exp: number; jti: unknown }
    if (typeof jti !== 'string' || jti.length < 8 || jti.length > 100) throw new Error('jti has no proper shape')
    if (exp * 1_000 > clock.nowMs() + (longestSeconds + skewSeconds) * 1_000) throw new Error('exp is too far away')
    return { jti, expiresAtMs: (exp + skewSeconds) * 1_000 }
  }

  const identify = async (request: FastifyRequest, jwt: string): Promise<Identity> => {
    try {
      if (!isDirect(request, server)) throw new Error('not by the local port')
      const { jti, expiresAtMs } = await verify(jwt)
      used.take(jti, expiresAtMs)
      const actor = { type: 'bootstrap', name: 'local administrator' } as const
      const act: Act = { actor, requestId: request.id, address: request.ip, ...traced(request) }
      // INVARIANT: recorded before the request goes on; reads that would leave no other event are on record too.
      await storage.transact((tx) =>
        record(tx, act, {
          type: 'authentication.bootstrap_used',
          atMs: clock.nowMs(),
          organizationId: undefined,
          object: { type: 'Gatehouse::Bootstrap', id: kid },
          data: { jti, method: request.method, route: request.routeOptions.url ?? 'none' },
          touches: [],
        }),
      )
      uses.inc({ kind: 'local-credential' })
      return { actor, via: 'bootstrap' }
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      throw new Fault('authentication.bootstrap_invalid', { cause })
    }
  }

  return {
    identify: (request) => {
      const { authorization } = request.headers
      return authorization?.startsWith(scheme) ? identify(request, authorization.slice(scheme.length)) : undefined
    },
    publish: async (handle) => {
      const local = createServer(handle)
      server = local
      await new Promise<void>((resolve, reject) => {
        local.once('error', reject)
        local.listen(0, '127.0.0.1', resolve)
      })
      url = `http://127.0.0.1:${(local.address() as AddressInfo).port}`
      rmSync(file, { force: true })
      writeFileSync(file, `${JSON.stringify({ url, key }, null, 2)}\n`, { mode: 0o600, flag: 'wx' })
    },
    withdraw: () => {
      rmSync(file, { force: true })
      server?.close()
      server?.closeIdleConnections()
    },
    close: () => server?.closeAllConnections(),
  }
}

/** By the local port, and not handed on by whatever a machine may run in front of it. */
function isDirect({ raw, headers }: FastifyRequest, server: Server | undefined): boolean {
  const own = (server?.address() as AddressInfo | null | undefined)?.port
  const { localPort, remoteAddress } = raw.socket
  const direct = !proxied.some((name) => headers[name] !== undefined)
  return own !== undefined && localPort === own && remoteAddress === '127.0.0.1' && direct
}

/** Remembers what was used until it would expire anyway. The key is this process's own, so its memory is enough. */
class UsedOnce {
  readonly #clock: Clock
  readonly #until = new Map<string, number>()
  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** @throws when it was used, or when too much is remembered to be sure */
  take(jti: string, untilMs: number): void {
    const nowMs = this.#clock.nowMs()
    if (this.#until.size >= rememberMost) {
      for (const [old, until] of this.#until) if (until < nowMs) this.#until.delete(old)
      if (this.#until.size >= rememberMost) throw new Error('too many uses within a minute')
    }
    if (this.#until.has(jti)) throw new Error('jti was used before')
    this.#until.set(jti, untilMs)
  }
}
