import { X509Certificate } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import type { Configuration } from 'oidc-provider'

/** Client certificates (RFC 8705): of our own TLS listener, or as a trusted proxy tells of them. */
export interface Certificates {
  /** The certificate whose key the client has proved to hold on this connection. */
  of(request: IncomingMessage): X509Certificate | undefined
  /** Whether an authority that we are told to trust has issued it and it is in force. */
  isIssuedByKnown(certificate: X509Certificate): boolean
}

export interface CertificateOptions {
  /** Lower-case name of the header in which a trusted proxy puts the certificate, over whatever the client sent. */
  readonly header?: string | undefined
  /** Whether the other end of the connection is one of the trusted proxies. */
  readonly isTrustedProxy: (address: string) => boolean
  /** PEM of the authorities for `tls_client_auth`. */
  readonly authorities?: string | undefined
  readonly nowMs: () => number
}

const headerMost = 16_384

export function readCertificates(options: CertificateOptions): Certificates {
  const authorities = splitPem(options.authorities ?? '').map((pem) => new X509Certificate(pem))
  return {
    of: (request) => {
      const socket = request.socket as TLSSocket
      if (typeof socket.getPeerX509Certificate === 'function') return socket.getPeerX509Certificate()
      const { header } = options
      if (header === undefined || !options.isTrustedProxy(request.socket.remoteAddress ?? '')) return undefined
      const values = request.headersDistinct[header]
      // Twice: one of them is the client's own.
      return values?.length === 1 ? parseCertificate(values[0] as string) : undefined
    },
    isIssuedByKnown: (certificate) => {
      const now = options.nowMs()
      const inForce = ({ validFromDate, validToDate }: X509Certificate) =>
        validFromDate.getTime() <= now && now < validToDate.getTime()
      let current = certificate
      for (let depth = 0; depth < 8; depth++) {
        if (!inForce(current)) return false
        const issuer = authorities.find((ca) => ca.ca && current.checkIssued(ca) && current.verify(ca.publicKey))
        if (issuer === undefined) return false
        // An authority that is listed is trusted as it stands; one that is not its own issuer may still be an anchor.
        if (inForce(issuer)) return true
        current = issuer
      }
      return false
    },
  }
}

/** As proxies write it: URL-encoded PEM (nginx `$ssl_client_escaped_cert`), base64 DER between colons (RFC 9440), or bare base64. */
function parseCertificate(text: string): X509Certificate | undefined {
  if (text.length > headerMost) return undefined
  try {
    const plain = text.includes('%') ? decodeURIComponent(text) : text
    const base64 = plain.replace(/-----(BEGIN|END) CERTIFICATE-----/g, '').replace(/^:|:$|\s/g, '')
    if (!/^[A-Za-z0-9+/]+=*$/.test(base64)) return undefined
    return new X509Certificate(Buffer.from(base64, 'base64'))
  } catch {
    return undefined
  }
}

const splitPem = (text: string): string[] =>
  text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []

/** The provider's feature over them. */
export function certificateFeature(
  certificates: Certificates,
): NonNullable<NonNullable<Configuration['features']>['mTLS']> {
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    selfSignedTlsClientAuth: true,
    tlsClientAuth: true,
    getCertificate: (ctx) => certificates.of(ctx.req),
    certificateAuthorized: (ctx) => {
      const certificate = certificates.of(ctx.req)
      return certificate !== undefined && certificates.isIssuedByKnown(certificate)
    },
    certificateSubjectMatches: (ctx, property, expected) => {
      const certificate = certificates.of(ctx.req)
      return certificate !== undefined && subjectMatches(certificate, property, expected)
    },
  }
}

const sanKinds: Readonly<Record<string, string>> = {
  tls_client_auth_san_dns: 'DNS',
  tls_client_auth_san_uri: 'URI',
  tls_client_auth_san_ip: 'IP Address',
  tls_client_auth_san_email: 'email',
}

/** Exactly that name (RFC 8705 §2.1.2): no wildcard, no suffix. A distinguished name in the order of RFC 4514. */
export function subjectMatches(certificate: X509Certificate, property: string, expected: string): boolean {
  if (property === 'tls_client_auth_subject_dn') return distinguishedName(certificate) === normalName(expected)
  const kind = sanKinds[property]
  if (kind === undefined) return false
  // Names with a comma or quote are written in JSON by Node, so that one cannot pass for two.
  const names = certificate.subjectAltName?.match(/[A-Za-z ]+:(?:"(?:[^"\\]|\\.)*"|[^,]*)/g) ?? []
  return names.some((name) => {
    const [found, ...rest] = name.trim().split(':')
    const value = rest.join(':')
    return found === kind && (value.startsWith('"') ? JSON.parse(value) : value) === expected
  })
}

/** Node writes one attribute a line, the first first; RFC 4514 §2.1 begins with the last. */
const distinguishedName = (certificate: X509Certificate): string => certificate.subject.split('\n').reverse().join(',')
const normalName = (text: string): string =>
  text
    .split(/(?<!\\),\s*/)
    .map((part) => part.trim().replace(/\s*=\s*/, '='))
    .join(',')
