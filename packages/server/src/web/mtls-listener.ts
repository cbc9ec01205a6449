import { createServer } from 'node:https'
import type { FastifyInstance } from 'fastify'
import type { Secret } from '#kernel'

/** Authenticated encryption and forward secrecy alone (RFC 9325 §4.2, FAPI 2.0 Security Profile §5.2.1). */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
].join(':')

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
      ciphers,
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
