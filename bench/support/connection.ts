import { connect, type Socket } from 'node:net'

export interface Received {
  readonly status: number
  readonly body: string
}

/**
 * One kept-alive HTTP/1.1 connection that sends prepared bytes and reads one answer at a time (Content-Length or chunked).
 * It does as little as it can, so that the load generator is not what is measured.
 */
export class Connection {
  readonly #socket: Socket
  #buffer: Buffer = Buffer.alloc(0)
  #waiting: { resolve(received: Received): void; reject(error: Error): void } | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk])
      this.#read()
    })
    const fail = (error?: Error) => {
      this.#waiting?.reject(error ?? new Error('the server closed the connection'))
      this.#waiting = undefined
    }
    socket.on('error', fail)
    socket.on('close', () => fail())
  }

  static open(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true }, () => {
        socket.removeListener('error', reject)
        resolve(new Connection(socket))
      })
      socket.once('error', reject)
    })
  }

  send(request: Buffer | string): Promise<Received> {
    if (this.#waiting !== undefined) throw new TypeError('one request at a time')
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(): void {
    const headEnd = this.#buffer.indexOf('\r\n\r\n')
    if (headEnd < 0 || this.#waiting === undefined) return
    const head = this.#buffer.toString('latin1', 0, headEnd)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)
    const from = headEnd + 4
    let end: number
    if (length !== null) end = from + Number(length[1])
    else if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      const last = this.#buffer.indexOf('0\r\n\r\n', from)
      if (last < 0) return
      end = last + 5
    } else end = from
    if (this.#buffer.length < end) return
    const received = { status: Number(head.slice(9, 12)), body: this.#buffer.toString('utf8', from, end) }
    this.#buffer = this.#buffer.subarray(end)
    const { resolve } = this.#waiting
    this.#waiting = undefined
    resolve(received)
  }
}

/** The bytes of a request, made once. */
export function prepareRequest(
  url: URL,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Buffer {
  const { method = 'POST', headers = {}, body = '' } = options
  const lines = [
    `${method} ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(method === 'GET' ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
