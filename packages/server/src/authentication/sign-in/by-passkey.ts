import { type Act, Fault, isFault, type UserId } from '#kernel'
import type { Person } from '../deps.ts'
import {
  authenticationOptions,
  type PasskeyProof,
  type RelyingParty,
  readAuthentication,
  readClaim,
} from '../passkeys/ceremonies.ts'
import { findPasskeyByCredential, listPasskeys, type Passkey } from '../passkeys/passkey.store.ts'
import { type Attempt, saveFirstAttempt, setChallenge, takeChallenge } from './attempt.store.ts'
import { newAttempt } from './begin.ts'
import type { MethodDeps } from './methods.ts'
import type { Outcome, Visitor } from './proving.ts'

/** A challenge is the browser's of this moment; the session that follows from it is flushed. */
const lazily = { lazily: true }

export type PasskeyDeps = MethodDeps & { readonly rp: RelyingParty }

/**
 * Options for the browser, with a challenge kept for one answer: any passkey of this site, or those of a second step.
 * @param attempt as the request found it
 * @throws {Fault} `authentication.form_stale` where the person has gone on meanwhile
 */
export async function challengePasskey(
  deps: Pick<PasskeyDeps, 'storage' | 'entropy' | 'clock' | 'people' | 'rp'>,
  attempt: Attempt | undefined,
  keyHash: string,
  returnTo: string,
) {
  const { storage, entropy, rp } = deps
  const second = attempt?.stage === 'factor' && attempt.organizationId !== undefined && attempt.userId !== undefined
  const allowed = second ? await listPasskeys(storage.db, attempt.organizationId, attempt.userId) : []
  const person = second && (await deps.people.find(storage.db, attempt.userId as UserId))
  const options = await authenticationOptions(rp, entropy, allowed, person ? asksFor(person, attempt) : 'required')
  const first = { ...newAttempt(deps, keyHash, returnTo), challenge: options.challenge }
  // INVARIANT: the first page asks by itself, while its reader may send the name: what the name began is never put aside.
  const kept = await storage.transact(
    async (tx) =>
      (attempt !== undefined && (await setChallenge(tx, attempt, options.challenge))) ||
      (await saveFirstAttempt(tx, first, deps.clock.nowMs())),
    lazily,
  )
  if (!kept) throw new Fault('authentication.form_stale')
  return options
}

/**
 * A passkey's answer: alone or as the second step; it always verifies the person. Never throttled, as it cannot be guessed.
 * @param answer JSON text as received
 */
export async function provePasskey(
  deps: PasskeyDeps,
  act: Act,
  visitor: Visitor,
  attempt: Attempt,
  answer: string,
): Promise<Outcome> {
  const { storage, people } = deps
  if (!(await storage.transact((tx) => takeChallenge(tx, attempt), lazily)))
    throw new Fault('authentication.form_stale')
  const challenge = attempt.challenge as string
  const second = attempt.stage === 'factor'
  const found = await findPasskeyByCredential(storage.db, readClaim(answer).credentialId)
  const passkey = found !== undefined && (!second || found.userId === attempt.userId) ? found : undefined
  const person = passkey && (await people.find(storage.db, passkey.userId))
  const check = async () => {
    if (passkey === undefined) return undefined
    const verifies = person === undefined || asksFor(person, attempt) === 'required'
    const proof = await proofOf(deps, { answer, challenge, passkey, verifies })
    return proof && { amr: amrOf(attempt, passkey, second, proof.userVerified), use: proof.use }
  }
  // The attempt as it now stands, its challenge used up.
  const taken = { ...attempt, challenge: undefined }
  return deps.proving.run(act, visitor, { method: 'passkey', attempt: taken, person, throttled: false, check })
}

/** A passkey that does not verify its person is enough only after a password, where the organization says so. */
const asksFor = (person: Person, attempt: Attempt): 'required' | 'preferred' =>
  attempt.stage === 'factor' && attempt.amr.includes('pwd')
    ? (person.organization.rules.userVerification ?? 'required')
    : 'required'

async function proofOf(
  deps: PasskeyDeps,
  it: Parameters<typeof readAuthentication>[2],
): Promise<PasskeyProof | undefined> {
  return readAuthentication(deps, deps.rp, it).catch((error) => {
    if (isFault(error, 'authentication.passkey_rejected')) return undefined
    throw error
  })
}

const amrOf = (attempt: Attempt, passkey: Passkey, second: boolean, verified: boolean): string[] => [
  ...(second ? attempt.amr : []),
  passkey.backedUp ? 'swk' : 'hwk',
  ...(verified ? ['user'] : []),
  'mfa',
]
