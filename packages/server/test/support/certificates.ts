import 'reflect-metadata'
import type { webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

export interface TestCertificate {
  readonly pem: string
  readonly keyPem: string
  /** Base64 of the DER. */
  readonly base64: string
  readonly jwk: webcrypto.JsonWebKey
  readonly keys: webcrypto.CryptoKeyPair
  readonly certificate: x509.X509Certificate
}

/** A certificate of its own, or of `issuer`. */
export async function makeCertificate(
  subject: string,
  options: { issuer?: TestCertificate; ca?: boolean; names?: x509.JsonGeneralNames; endedAtMs?: number } = {},
): Promise<TestCertificate> {
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair
  const { issuer } = options
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(crypto.getRandomValues(new Uint8Array(8))).toString('hex'),
    subject,
    issuer: issuer?.certificate.subject ?? subject,
    notBefore: new Date(Date.now() - 86_400_000),
    notAfter: new Date(options.endedAtMs ?? Date.now() + 86_400_000),
    publicKey: keys.publicKey,
    signingKey: issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(options.ca === true, undefined, true),
      ...(options.names === undefined ? [] : [new x509.SubjectAlternativeNameExtension(options.names)]),
    ],
  })
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return {
    pem: certificate.toString('pem'),
    keyPem: `-----BEGIN PRIVATE KEY-----\n${der.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`,
    base64: Buffer.from(certificate.rawData).toString('base64'),
    jwk: await crypto.subtle.exportKey('jwk', keys.publicKey),
    keys,
    certificate,
  }
}
