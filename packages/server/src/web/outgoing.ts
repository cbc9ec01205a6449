import { lookup as resolve } from 'node:dns'
import { type IncomingHttpHeaders, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { Fault, type Span, step } from '#kernel'
import type { OutgoingTimes } from './outgoing-times.ts'
import './faults.ts'

/**
 * Networks no request goes to unless a setting names them: special-purpose registries of IANA (RFC 6890, 8190),
 * multicast, and the addresses that embed IPv4 ones.
 */
const closed = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  closed.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  closed.addSubnet(network, bits, 'ipv6')

export interface OutgoingRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** From the first byte sent to the last received. Default 10,000. */
  readonly timeoutMs?: number
  /** Most bytes of the answer's body. Default 1 MiB. */
  readonly mostBytes?: number
}

export interface OutgoingReply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/**
 * The one way out: every request that Gatehouse makes to an address somebody else chose goes through here. Names are
 * resolved once and the connection goes to what was checked; redirects are answers, never followed; time and size have ends.
 */
export class Outgoing {
  readonly #allowed = new BlockList()

  /** How long each host takes, where it is to be told. */
  readonly times: OutgoingTimes | undefined

  /** @param allowed addresses and networks (`192.0.2.0/24`) that may be asked although they are private, by `http` too */
  constructor(allowed: readonly string[] = [], times?: OutgoingTimes) {
    this.times = times
    for (const one of allowed) {
      const [address = '', bits] = one.split('/')
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
      this.#allowed.addSubnet(address, Number(bits ?? (family === 'ipv6' ? 128 : 32)), family)
    }
  }

  /**
   * Sends a request and reads the whole answer, whatever its status.
   * @throws {Fault} `web.outgoing_refused` where it may not go, `web.outgoing_failed` when nothing usable came back
   */
  async send(address: string, options: OutgoingRequest = {}): Promise<OutgoingReply> {
    const method = options.method ?? (options.body === undefined ? 'GET' : 'POST')
    const attributes = { 'http.request.method': method, 'server.address': URL.parse(address)?.hostname }
    return step(method, { kind: 'client', attributes }, async (span) => {
      const startedAt = performance.now()
      let status: number | undefined
      try {
        const reply = await this.#send(address, method, options, span)
        status = reply.status
        span?.set('http.response.status_code', status)
        return reply
      } finally {
        this.times?.note(URL.parse(address)?.host ?? '', performance.now() - startedAt, status)
      }
    })
  }

  async #send(
    address: string,
    method: string,
    options: OutgoingRequest,
    span: Span | undefined,
  ): Promise<OutgoingReply> {
    const url = URL.parse(address)
    if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '')
      throw refused(address, 'is not an http(s) address without credentials')
    const host = url.hostname.replace(/^\[|\]$/g, '')
    const plain = url.protocol === 'http:'
    if (isIP(host) !== 0) this.#check(url, host, plain)
    const { timeoutMs = 10_000, mostBytes = 1_048_576, body } = options
    const lookup: LookupFunction = (name, asked, done) => {
      resolve(name, { all: true }, (error, found) => {
        if (error !== null) return done(error, [])
        try {
          for (const one of found) this.#check(url, one.address, plain)
          const [first] = found
          if (asked.all === true || first === undefined) done(null, found)
          else done(null, first.address, first.family)
        } catch (refusal) {
          done(refusal as NodeJS.ErrnoException, [])
        }
      })
    }
    return await new Promise<OutgoingReply>((answer, fail) => {
      const give = (error: unknown) => fail(error instanceof Fault ? error : failed(url, error))
      const send = plain ? plainRequest : secureRequest
      const signal = AbortSignal.timeout(timeoutMs)
      // A connection of its own each time: one kept open would outlive the check of its address.
      const sent = send(url, {
        method,
        agent: false,
        lookup,
        signal,
        headers: { 'user-agent': 'Gatehouse', ...(span && { traceparent: span.traceparent }), ...options.headers },
      })
      sent.once('error', give)
      sent.once('response', (response) => {
        const parts: Buffer[] = []
        let size = 0
        response.on('data', (part: Buffer) => {
          size += part.length
          if (size <= mostBytes) return void parts.push(part)
          sent.destroy(new Error(`the answer is longer than ${mostBytes} bytes`))
        })
        response.once('error', give)
        response.once('end', () =>
          answer({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
        )
      })
      sent.end(body)
    })
  }

  /**
   * The address to connect to for a protocol other than HTTP, checked as `send` does. Always over TLS, unless the setting
   * names the address.
   * @throws {Fault} `web.outgoing_refused`, `web.outgoing_failed`
   */
  async addressOf(host: string, options: { readonly plain: boolean }): Promise<string> {
    const url = new URL(`https://${isIP(host) === 6 ? `[${host}]` : host}`)
    if (isIP(host) !== 0) {
      this.#check(url, host, options.plain)
      return host
    }
    return new Promise((give, fail) => {
      resolve(host, { all: true }, (error, found) => {
        if (error !== null) return fail(failed(url, error))
        try {
          for (const one of found) this.#check(url, one.address, options.plain)
        } catch (refusal) {
          return fail(refusal)
        }
        const [first] = found
        if (first === undefined) fail(failed(url, new Error('it has no address')))
        else give(first.address)
      })
    })
  }

  #check(url: URL, address: string, plain: boolean): void {
    const real = unmapped(address)
    const family = isIP(real) === 6 ? 'ipv6' : 'ipv4'
    if (this.#allowed.check(real, family)) return
    if (plain)
      throw refused(url.origin, 'is plain http, which goes only to addresses that GATEHOUSE_OUTGOING_ALLOW names')
    if (closed.check(real, family))
      throw refused(url.origin, `leads to ${real}, a private address: GATEHOUSE_OUTGOING_ALLOW may name it`)
  }
}

/** The IPv4 address in `::ffff:127.0.0.1` or `::ffff:7f00:1`; any other as it is. */
function unmapped(address: string): string {
  const rest = /^::ffff:(.+)$/i.exec(address)?.[1]
  if (rest === undefined) return address
  const hex = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(rest)
  if (hex === null) return isIP(rest) === 4 ? rest : address
  const [high, low] = [hex[1], hex[2]].map((part) => Number.parseInt(part as string, 16)) as [number, number]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

function refused(address: string, why: string): Fault {
  return new Fault('web.outgoing_refused', { detail: `${address.slice(0, 200)} ${why}` })
}

function failed(url: URL, cause: unknown): Fault {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new Fault('web.outgoing_failed', { detail: `${url.origin} did not answer as it should: ${why}`, cause })
}
