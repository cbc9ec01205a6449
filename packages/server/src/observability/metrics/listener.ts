import { createServer } from 'node:http'
import type { Meter } from '#kernel'
import { expose } from './metrics.routes.ts'

/**
 * Serves `/metrics` alone on an address of its own (`GATEHOUSE_METRICS_LISTEN`), to whoever reaches it: keep it on loopback or
 * on a network of operators. @returns the address it really listens on
 */
export async function listenForMetrics(
  meter: Meter,
  listen: { readonly host: string; readonly port: number },
): Promise<{ readonly address: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return void response.writeHead(404).end()
    expose(meter, request.headers.accept).then(
      ({ type, text }) => response.writeHead(200, { 'content-type': type, vary: 'accept' }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen.port, listen.host, resolve)
  })
  const bound = server.address() as { address: string; port: number }
  return {
    address: `http://${bound.address.includes(':') ? `[${bound.address}]` : bound.address}:${bound.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
