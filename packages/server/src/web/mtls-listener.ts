import { createServer } from 'node:https'
import type { FastifyInstance } from 'fastify'
import type { Secret } from '#kernel'

/**
 * The same routes on a TLS listener that asks clients for a certificate. Whoever has none, or one that nobody knows, may connect: a
 * certificate counts where something is bound to it, and is checked there.
 */
export async function listenForCertificates(
  app: FastifyInstance,
  options: { readonly host: string; readonly port: number; readonly certificate: string; readonly key: Secret },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer(
    {
      cert: options.certificate,
      key: options.key.reveal(),
      requestCert: true,
      rejectUnauthorized: false,
      minVersion: 'TLSv1.2',
    },
    (request, response) => app.routing(request, response),
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  return {
    port: (server.address() as { port: number }).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        setTimeout(() => server.closeAllConnections(), 10_000).unref()
      }),
  }
}
