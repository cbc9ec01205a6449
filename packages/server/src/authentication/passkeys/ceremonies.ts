import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { type Clock, type Entropy, Fault, newId, type OrganizationId, type UserId } from '#kernel'
import type { Tx } from '#storage'
import type { SignInRules } from '../deps.ts'
import { requireAuthenticator } from './attestation.ts'
import { type Passkey, usePasskey } from './passkey.store.ts'
import '../faults.ts'

/** The site that passkeys are bound to: the host of our address, for ever (WebAuthn §5.1.2). */
export interface RelyingParty {
  readonly id: string
  readonly origin: string
}

export const relyingPartyOf = (url: string): RelyingParty => ({
  id: new URL(url).hostname,
  origin: new URL(url).origin,
})

// INVARIANT: a passkey that stands alone verifies its person (fingerprint, face, PIN): it is two factors in one. After a password
// an organization may take one that does not (`userVerification: preferred`).
// Loaded when a passkey is first used: with its certificate code it takes several megabytes.
const webauthn = () => import('@simplewebauthn/server')
const timeoutMs = 300_000

export interface RegistrationFor {
  readonly userId: string
  readonly username: string
  readonly displayName: string
  readonly existing: readonly Passkey[]
  readonly rules: SignInRules | undefined
}

/** Options for `navigator.credentials.create`. Keep the challenge on the server, use it once. */
export async function registrationOptions(rp: RelyingParty, entropy: Entropy, it: RegistrationFor) {
  const { generateRegistrationOptions } = await webauthn()
  return generateRegistrationOptions({
    rpName: 'Gatehouse',
    rpID: rp.id,
    userID: new TextEncoder().encode(it.userId),
    userName: it.username,
    userDisplayName: it.displayName,
    challenge: Uint8Array.from(entropy.bytes(32)),
    timeout: timeoutMs,
    attestationType: it.rules?.authenticators === undefined ? 'none' : 'direct',
    excludeCredentials: it.existing.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: [...transports],
    })),
    authenticatorSelection: {
      // A key that verifies nobody may be unable to keep one, and is asked for by name after the password.
      residentKey: it.rules?.userVerification === 'preferred' ? 'preferred' : 'required',
      userVerification: it.rules?.userVerification ?? 'required',
    },
  })
}

/** Options for `navigator.credentials.get`; with none allowed by name, the browser offers those it has for this site. */
export async function authenticationOptions(
  rp: RelyingParty,
  entropy: Entropy,
  allowed: readonly Passkey[],
  userVerification: 'required' | 'preferred' = 'required',
) {
  const { generateAuthenticationOptions } = await webauthn()
  return generateAuthenticationOptions({
    rpID: rp.id,
    challenge: Uint8Array.from(entropy.bytes(32)),
    timeout: timeoutMs,
    allowCredentials: allowed.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: [...transports],
    })),
    userVerification,
  })
}

/**
 * The new passkey that the browser's answer proves, not yet stored.
 * @param answer JSON text as received
 * @throws {Fault} `authentication.passkey_rejected`, `authentication.authenticator_refused`
 */
export async function readRegistration(
  deps: { clock: Clock; entropy: Entropy; authenticatorRoots?: string | undefined },
  rp: RelyingParty,
  it: {
    readonly answer: string
    readonly challenge: string
    readonly organizationId: OrganizationId
    readonly userId: UserId
    readonly name: string
    readonly rules: SignInRules | undefined
  },
): Promise<Passkey & { readonly userVerified: boolean }> {
  const response = parseAnswer<RegistrationResponseJSON>(it.answer)
  const { verifyRegistrationResponse } = await webauthn()
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: it.challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    requireUserVerification: it.rules?.userVerification !== 'preferred',
  }).catch((cause) => {
    throw new Fault('authentication.passkey_rejected', { cause })
  })
  if (!verified || registrationInfo === undefined) throw new Fault('authentication.passkey_rejected')
  if (it.rules?.authenticators !== undefined) {
    const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
    const certificates = decodeAttestationObject(registrationInfo.attestationObject).get('attStmt').get('x5c') ?? []
    const attested = { aaguid: registrationInfo.aaguid, certificates }
    requireAuthenticator(attested, it.rules.authenticators, deps.authenticatorRoots, deps.clock.nowMs())
  }
  const { credential } = registrationInfo
  return {
    id: newId('pk', deps),
    organizationId: it.organizationId,
    userId: it.userId,
    credentialId: credential.id,
    publicKey: credential.publicKey,
    counter: credential.counter,
    transports: (credential.transports ?? []).filter((transport) => /^[a-z-]{1,20}$/.test(transport)).slice(0, 8),
    name: it.name,
    backedUp: registrationInfo.credentialBackedUp,
    aaguid: registrationInfo.aaguid,
    userVerified: registrationInfo.userVerified,
    addedAtMs: deps.clock.nowMs(),
    usedAtMs: undefined,
  }
}

/** The credential id and user handle that an answer claims, before anything is proved. */
export function readClaim(answer: string): { credentialId: string; userHandle: string | undefined } {
  const { id, response } = parseAnswer<AuthenticationResponseJSON>(answer)
  const handle = response?.userHandle
  return {
    credentialId: id,
    userHandle: typeof handle === 'string' ? Buffer.from(handle, 'base64url').toString('utf8') : undefined,
  }
}

export interface PasskeyProof {
  /** Whether the authenticator verified its person. */
  readonly userVerified: boolean
  /** Notes the use, in the transaction of the sign-in; false for a counter that runs backwards. */
  use(tx: Tx): Promise<boolean>
}

/**
 * Checks an answer against the passkey it claims (WebAuthn §7.2).
 * @throws {Fault} `authentication.passkey_rejected`
 */
export async function readAuthentication(
  deps: { clock: Clock },
  rp: RelyingParty,
  it: {
    readonly answer: string
    readonly challenge: string
    readonly passkey: Passkey
    /** Whether it must have verified its person. */
    readonly verifies: boolean
  },
): Promise<PasskeyProof> {
  const response = parseAnswer<AuthenticationResponseJSON>(it.answer)
  const { verifyAuthenticationResponse } = await webauthn()
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: it.challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    requireUserVerification: it.verifies,
    credential: {
      id: it.passkey.credentialId,
      publicKey: Uint8Array.from(it.passkey.publicKey),
      counter: it.passkey.counter,
    },
  }).catch((cause) => {
    throw new Fault('authentication.passkey_rejected', { cause })
  })
  if (!verified) throw new Fault('authentication.passkey_rejected')
  const use = {
    counter: authenticationInfo.newCounter,
    backedUp: authenticationInfo.credentialBackedUp,
    atMs: deps.clock.nowMs(),
  }
  return { userVerified: authenticationInfo.userVerified, use: (tx) => usePasskey(tx, it.passkey, use) }
}

function parseAnswer<T extends { id: string; response: unknown }>(text: string): T {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new Fault('authentication.passkey_rejected', { cause })
  }
  const { id, response } = (parsed ?? {}) as { id?: unknown; response?: unknown }
  if (typeof id !== 'string' || id.length > 1_400 || typeof response !== 'object' || response === null)
    throw new Fault('authentication.passkey_rejected')
  return parsed as T
}
