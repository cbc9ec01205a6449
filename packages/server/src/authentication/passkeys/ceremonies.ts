import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import { type Clock, type Entropy, Fault, newId, type OrganizationId, type UserId } from '#kernel'
import type { Tx } from '#storage'
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

// INVARIANT: every passkey verifies its person (fingerprint, face, PIN): it is two factors in one, and may stand alone.
// Loaded when a passkey is first used: with its certificate code it takes several megabytes.
const webauthn = () => import('@simplewebauthn/server')
const timeoutMs = 300_000

export interface RegistrationFor {
  readonly userId: string
  readonly username: string
  readonly displayName: string
  readonly existing: readonly Passkey[]
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
    attestationType: 'none',
    excludeCredentials: it.existing.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: [...transports],
    })),
    authenticatorSelection: {
      residentKey: 'required',
      userVerification: 'required',
    },
  })
}

/** Options for `navigator.credentials.get`; with none allowed by name, the browser offers those it has for this site. */
export async function authenticationOptions(rp: RelyingParty, entropy: Entropy, allowed: readonly Passkey[]) {
  const { generateAuthenticationOptions } = await webauthn()
  return generateAuthenticationOptions({
    rpID: rp.id,
    challenge: Uint8Array.from(entropy.bytes(32)),
    timeout: timeoutMs,
    allowCredentials: allowed.map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: [...transports],
    })),
    userVerification: 'required',
  })
}

/**
 * The new passkey that the browser's answer proves, not yet stored.
 * @param answer JSON text as received
 * @throws {Fault} `authentication.passkey_rejected`
 */
export async function readRegistration(
  deps: { clock: Clock; entropy: Entropy },
  rp: RelyingParty,
  it: {
    readonly answer: string
    readonly challenge: string
    readonly organizationId: OrganizationId
    readonly userId: UserId
    readonly name: string
  },
): Promise<Passkey> {
  const response = parseAnswer<RegistrationResponseJSON>(it.answer)
  const { verifyRegistrationResponse } = await webauthn()
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge: it.challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    requireUserVerification: true,
  }).catch((cause) => {
    throw new Fault('authentication.passkey_rejected', { cause })
  })
  if (!verified || registrationInfo === undefined) throw new Fault('authentication.passkey_rejected')
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
  },
): Promise<PasskeyProof> {
  const response = parseAnswer<AuthenticationResponseJSON>(it.answer)
  const { verifyAuthenticationResponse } = await webauthn()
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: it.challenge,
    expectedOrigin: rp.origin,
    expectedRPID: rp.id,
    requireUserVerification: true,
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
  return { use: (tx) => usePasskey(tx, it.passkey, use) }
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
