import { X509Certificate } from 'node:crypto'
import { Fault } from '#kernel'
import '../faults.ts'

/** The certificates of an attestation statement, leaf first (WebAuthn §6.5.3); none for `none` and self attestation. */
export interface Attested {
  readonly aaguid: string
  readonly certificates: readonly Uint8Array[]
}

/** What a page says beside the form: the person can take another authenticator. */
export const isPasskeyFault = ({ code }: Fault): boolean =>
  ['authentication.passkey_rejected', 'authentication.authenticator_refused', 'authentication.passkeys_many'].includes(
    code,
  )

const chainMost = 6

/**
 * Holds a new passkey to the authenticators that an organization takes. INVARIANT: an AAGUID counts only when a certificate
 * that leads to one of the trusted roots has signed it; anybody can write one down. The signature itself, and that the
 * certificate names the AAGUID where it names one, have been checked.
 * @param roots PEM, as many certificates as there are; undefined where none are configured: nothing is taken then
 * @throws {Fault} `authentication.authenticator_refused`
 */
export function requireAuthenticator(
  { aaguid, certificates }: Attested,
  allowed: readonly string[],
  roots: string | undefined,
  nowMs: number,
): void {
  const refuse = (cause: string) => {
    throw new Fault('authentication.authenticator_refused', { cause: new Error(`${aaguid}: ${cause}`) })
  }
  if (!allowed.includes(aaguid)) refuse('not on the list of the organization')
  if (roots === undefined) refuse('no roots are configured (GATEHOUSE_AUTHENTICATOR_ROOTS_FILE)')
  if (certificates.length === 0) refuse('no certificate attests it')
  let leads = false
  try {
    const chain = certificates.slice(0, chainMost).map((der) => new X509Certificate(der))
    leads = leadsTo(chain, readCertificates(roots as string), nowMs)
  } catch (error) {
    throw new Fault('authentication.authenticator_refused', { cause: error })
  }
  if (!leads) refuse('its certificate leads to no trusted root')
}

/** The certificates of a PEM text. @throws {Error} for one that is none */
export const readCertificates = (pem: string): X509Certificate[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)].map(
    ([text]) => new X509Certificate(text),
  )

/** Whether a chain, leaf first, ends at a root, or at a key that is trusted itself; each certificate within its time. */
function leadsTo(chain: readonly X509Certificate[], roots: readonly X509Certificate[], nowMs: number): boolean {
  for (const [index, certificate] of chain.entries()) {
    if (!isCurrent(certificate, nowMs) || (index > 0 && !certificate.ca)) return false
    if (roots.some((root) => root.publicKey.equals(certificate.publicKey))) return true
    if (roots.some((root) => root.ca && isCurrent(root, nowMs) && isIssuedBy(certificate, root))) return true
    const issuer = chain[index + 1]
    if (issuer === undefined || !isIssuedBy(certificate, issuer)) return false
  }
  return false
}

const isCurrent = (certificate: X509Certificate, nowMs: number): boolean =>
  certificate.validFromDate.getTime() <= nowMs && nowMs <= certificate.validToDate.getTime()

const isIssuedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey)
