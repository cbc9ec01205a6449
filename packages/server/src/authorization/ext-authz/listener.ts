import { loadPackageDefinition, Server, ServerCredentials, type ServiceClientConstructor } from '@grpc/grpc-js'
import type { Entropy, Tracer } from '#kernel'
import type { Web } from '#web'
import type { AnswerGateway } from '../forward-auth/answer-gateway.ts'
import { check } from './check.ts'
import { type CheckRequest, type CheckResponse, definition } from './messages.ts'

/** Envoy may send bodies along; nothing here reads them. */
const messageMost = 8 * 2 ** 20

export interface ListenerDeps {
  readonly web: Pick<Web, 'app'>
  readonly answer: AnswerGateway
  readonly entropy: Entropy
  readonly onError: (where: string, error: unknown) => void
  readonly tracer?: Tracer | undefined
}

/**
 * Answers `envoy.service.auth.v3.Authorization/Check` over gRPC without TLS: for an Envoy on the same machine, or a network that is
 * closed. @throws when the address cannot be listened on
 */
export async function listenForChecks(
  { web, answer, entropy, onError, tracer }: ListenerDeps,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const loaded = loadPackageDefinition(definition) as unknown as {
    envoy: { service: { auth: { v3: { Authorization: ServiceClientConstructor } } } }
  }
  const { service } = loaded.envoy.service.auth.v3.Authorization
  const server = new Server({ 'grpc.max_receive_message_length': messageMost })
  const deps = { app: web.app, answer, entropy, onError, tracer }
  server.addService(service, {
    Check: (call: { request: CheckRequest }, done: (error: null, answer: CheckResponse) => void) => {
      void check(deps, call.request).then((answered) => done(null, answered))
    },
  })
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, at) => (error ? reject(error) : resolve(at)))
  })
  return {
    port: bound,
    close: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.forceShutdown(), 2_000)
        server.tryShutdown(() => {
          clearTimeout(cut)
          resolve()
        })
      }),
  }
}
