import type { loadPackageDefinition } from '@grpc/grpc-js'
import { fromJSON } from '@grpc/proto-loader'

/**
 * What we read and write of Envoy's external authorization (`envoy.service.auth.v3.Authorization`), by its published field numbers.
 * Fields that are not here are skipped when read, as protocol buffers have it.
 */
const field = (type: string, id: number) => ({ type, id })
const repeated = (type: string, id: number) => ({ rule: 'repeated', type, id })
const nested = (all: Record<string, unknown>) => ({ nested: all })

const description = nested({
  google: nested({
    protobuf: nested({ BoolValue: { fields: { value: field('bool', 1) } } }),
    rpc: nested({ Status: { fields: { code: field('int32', 1), message: field('string', 2) } } }),
  }),
  envoy: nested({
    type: nested({ v3: nested({ HttpStatus: { fields: { code: field('int32', 1) } } }) }),
    config: nested({
      core: nested({
        v3: nested({
          SocketAddress: { fields: { address: field('string', 2), port_value: field('uint32', 3) } },
          Address: { fields: { socket_address: field('SocketAddress', 1) } },
          HeaderValue: {
            fields: { key: field('string', 1), value: field('string', 2), raw_value: field('bytes', 3) },
          },
          HeaderMap: { fields: { headers: repeated('HeaderValue', 1) } },
          HeaderValueOption: {
            fields: {
              header: field('HeaderValue', 1),
              append: field('google.protobuf.BoolValue', 2),
              append_action: field('int32', 3),
            },
          },
        }),
      }),
    }),
    service: nested({
      auth: nested({
        v3: nested({
          AttributeContext: {
            fields: {
              source: field('Peer', 1),
              request: field('Request', 4),
            },
            nested: {
              Peer: { fields: { address: field('envoy.config.core.v3.Address', 1), certificate: field('string', 5) } },
              Request: { fields: { http: field('HttpRequest', 2) } },
              HttpRequest: {
                fields: {
                  id: field('string', 1),
                  method: field('string', 2),
                  headers: { keyType: 'string', type: 'string', id: 3 },
                  path: field('string', 4),
                  host: field('string', 5),
                  scheme: field('string', 6),
                  protocol: field('string', 10),
                  body: field('bytes', 11),
                  raw_body: field('bytes', 12),
                  header_map: field('envoy.config.core.v3.HeaderMap', 13),
                },
              },
            },
          },
          CheckRequest: { fields: { attributes: field('AttributeContext', 1) } },
          DeniedHttpResponse: {
            fields: {
              status: field('envoy.type.v3.HttpStatus', 1),
              headers: repeated('envoy.config.core.v3.HeaderValueOption', 2),
              body: field('string', 3),
            },
          },
          OkHttpResponse: {
            fields: {
              headers: repeated('envoy.config.core.v3.HeaderValueOption', 2),
              headers_to_remove: repeated('string', 5),
              response_headers_to_add: repeated('envoy.config.core.v3.HeaderValueOption', 6),
            },
          },
          CheckResponse: {
            oneofs: { http_response: { oneof: ['denied_response', 'ok_response'] } },
            fields: {
              status: field('google.rpc.Status', 1),
              denied_response: field('DeniedHttpResponse', 2),
              ok_response: field('OkHttpResponse', 3),
            },
          },
          Authorization: { methods: { Check: { requestType: 'CheckRequest', responseType: 'CheckResponse' } } },
        }),
      }),
    }),
  }),
})

/** For `loadPackageDefinition` of grpc-js; names as in the protocol. */
export const definition = fromJSON(description as never, { keepCase: true, arrays: true, defaults: false })

export type Loaded = ReturnType<typeof loadPackageDefinition>

export interface HeaderValue {
  readonly key: string
  readonly value?: string
  readonly raw_value?: Uint8Array
}

export interface CheckRequest {
  readonly attributes?: {
    readonly source?: { readonly address?: { readonly socket_address?: { readonly address?: string } } }
    readonly request?: {
      readonly http?: {
        readonly id?: string
        readonly method?: string
        readonly headers?: Readonly<Record<string, string>>
        readonly header_map?: { readonly headers?: readonly HeaderValue[] }
        readonly path?: string
        readonly host?: string
        readonly scheme?: string
      }
    }
  }
}

export interface HeaderValueOption {
  readonly header: HeaderValue
  readonly append: { readonly value: boolean }
  readonly append_action: number
}

export interface CheckResponse {
  readonly status: { readonly code: number; readonly message?: string }
  readonly denied_response?: {
    readonly status: { readonly code: number }
    readonly headers: readonly HeaderValueOption[]
    readonly body: string
  }
  readonly ok_response?: {
    readonly headers: readonly HeaderValueOption[]
    readonly headers_to_remove: readonly string[]
  }
}
