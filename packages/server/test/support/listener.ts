import { createServer, type IncomingHttpHeaders } from 'node:http'
import { after } from 'node:test'

// What a failed test left open, so that its file ends.
const open = new Set<() => Promise<void>>()
after(async () => {
  for (const close of open) await close()
})

export interface Heard {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Somebody else's server on loopback: remembers what it is sent, and answers as told. */
export async function listenAsOther(
  answer: (heard: Heard) => number | { status: number; body: string; type?: string },
) {
  const heard: Heard[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part) => {
      body += part
    })
    request.on('end', () => {
      const one = { path: request.url ?? '', headers: request.headers, body }
      heard.push(one)
      const given = answer(one)
      const {
        status,
        body: text,
        type = 'application/json',
      } = typeof given === 'number' ? { status: given, body: '' } : given
      response.writeHead(status, { 'content-type': type }).end(text)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const close = () =>
    new Promise<void>((resolve) => {
      open.delete(close)
      server.close(() => resolve())
      server.closeAllConnections()
    })
  open.add(close)
  return {
    url: `http://127.0.0.1:${port}`,
    heard,
    close,
  }
}
