import { once } from 'node:events'
import { hostname } from 'node:os'
import { connect, type TLSSocket } from 'node:tls'
import type { FeedEvent } from '#feed'
import type { Outgoing } from '#web'
import { type Format, inTurns, toSyslog } from './format.ts'
import type { Sink } from './sink.ts'

export interface SyslogOptions {
  readonly name: string
  readonly host: string
  /** Default 6514 (RFC 5425 §4.1). */
  readonly port: number
  readonly format: Format
  /** PEM of authorities to trust instead of the system's. */
  readonly ca?: string
  /** PEM of a certificate of our own and its key, where the receiver asks for one. */
  readonly certificate?: string
  readonly key?: string
}

const patienceMs = 10_000

/** Syslog (RFC 5424) over TLS with octet counting (RFC 5425). The protocol has no acknowledgement: see `settleMs`. */
export function syslogSink(outgoing: Outgoing, options: SyslogOptions): Sink {
  let socket: TLSSocket | undefined
  let failure: unknown
  const own = hostname().replace(/[^\x21-\x7e]/g, '_') || '-'

  const open = async (): Promise<TLSSocket> => {
    const address = await outgoing.addressOf(options.host, { plain: false })
    const made = connect({
      host: address,
      port: options.port,
      servername: /^[\d.:]+$/.test(options.host) ? '' : options.host,
      minVersion: 'TLSv1.2',
      ...(options.ca !== undefined && { ca: options.ca }),
      ...(options.certificate !== undefined && { cert: options.certificate, key: options.key }),
    })
    made.setTimeout(patienceMs, () => made.destroy(new Error('the receiver does not answer')))
    try {
      await once(made, 'secureConnect')
    } catch (error) {
      made.destroy()
      throw error
    }
    made.setTimeout(0)
    made.setKeepAlive(true, 30_000)
    failure = undefined
    made.on('error', (error) => {
      failure = error
    })
    made.once('close', () => {
      failure ??= new Error('the receiver closed the connection')
      if (socket === made) socket = undefined
    })
    // A receiver says nothing; what it sends is read so that its end is seen.
    made.resume()
    return made
  }

  return {
    name: options.name,
    kind: 'syslog',
    settleMs: 2_000,
    send: async (events: readonly FeedEvent[]) => {
      if (failure !== undefined && socket === undefined) {
        const error = failure
        failure = undefined
        throw error
      }
      socket ??= await open()
      const to = socket
      const parts = await inTurns(events, (event) => {
        const message = Buffer.from(toSyslog(event, options.format, own))
        return Buffer.concat([Buffer.from(`${message.length} `), message])
      })
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => to.destroy(new Error('the receiver takes nothing')), patienceMs)
        to.write(Buffer.concat(parts), (error) => {
          clearTimeout(timer)
          if (error) reject(error)
          else resolve()
        })
      })
    },
    close: async () => {
      const open = socket
      socket = undefined
      if (open === undefined) return
      const closed = once(open, 'close')
      open.end()
      await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 500).unref())])
      open.destroy()
    },
  }
}
