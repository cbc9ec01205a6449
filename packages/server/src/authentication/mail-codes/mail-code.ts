import { createHmac, timingSafeEqual } from 'node:crypto'
import { record } from '#feed'
import { type Act, type Entropy, Fault, randomToken } from '#kernel'
import type { Tx } from '#storage'
import type { Flow } from '../http/cookies.ts'
import type { Services } from '../services.ts'
import type { Attempt } from '../sign-in/attempt.store.ts'
import type { MethodDeps } from '../sign-in/methods.ts'
import type { Outcome, Visitor } from '../sign-in/proving.ts'
import { saveMailCode, takeMailCode, tryMailCode } from './mail-code.store.ts'
import { type MailDeps, mayUseMail } from './may-use-mail.ts'
import '../events.ts'
import '../faults.ts'

const lifetimeMs = 10 * 60_000
const triesMost = 5

/** Eight digits, each equally likely. */
function newCode(entropy: Entropy): string {
  let code = ''
  while (code.length < 8) for (const byte of entropy.bytes(16)) if (byte < 250 && code.length < 8) code += byte % 10
  return code
}

// Keyed by the browser's cookie, of which the database has only a hash: who reads the table cannot try eight digits.
const hashOf = (flow: Flow, kind: 'code' | 'token', text: string) =>
  createHmac('sha256', flow.token).update(`mail ${kind}:${text}`).digest('hex')

/**
 * Sends the letter where it may be sent. INVARIANT: one answer and one transaction whoever it is about, as at recovery.
 * @throws {Fault} `authentication.throttled`
 */
export async function askForMailCode(services: Services, act: Act, flow: Flow, attempt: Attempt): Promise<void> {
  const { storage, people, throttle, clock, entropy, outbox, url } = services
  const nowMs = clock.nowMs()
  const person = attempt.userId && (await people.find(storage.db, attempt.userId))
  const who = person ? person.id : `${attempt.organizationId}:${attempt.login.normalize('NFKC').toLowerCase()}`
  const waitMs = await throttle.take({ account: `letter:${who}`, address: act.address, device: undefined }, nowMs)
  if (waitMs > 0) throw new Fault('authentication.throttled', { retryAfterSeconds: Math.ceil(waitMs / 1_000) })
  const [code, token] = [newCode(entropy), randomToken(entropy)]
  await storage.transact(async (tx) => {
    const sends = person !== undefined && (await mayUseMail(tx, services, person, attempt))
    await saveMailCode(tx, {
      attemptKey: flow.keyHash,
      organizationId: attempt.organizationId,
      userId: sends ? person.id : undefined,
      codeHash: hashOf(flow, 'code', code),
      tokenHash: hashOf(flow, 'token', token),
      expiresAtMs: nowMs + lifetimeMs,
    })
    await record(tx, act, {
      type: 'authentication.mail_code_asked',
      atMs: nowMs,
      organizationId: attempt.organizationId,
      object: person
        ? { type: 'User', id: person.id, name: person.username }
        : { type: 'Organization', id: attempt.organizationId ?? 'unknown' },
      outcome: sends ? 'success' : 'failure',
      data: { sent: sends },
      touches: [],
    })
    if (!sends) return
    const organization = person.organization.displayName
    const minutes = lifetimeMs / 60_000
    await outbox.put(tx, person, 'sign_in_code', { code, url: `${url}/sign-in/link#${token}`, organization, minutes })
  })
}

/** The code of a letter as it was typed, or the token of its link: in the browser that asked, once, few tries. */
export async function proveMailCode(
  deps: MethodDeps & MailDeps,
  act: Act,
  visitor: Visitor,
  flow: Flow,
  attempt: Attempt,
  answer: { readonly kind: 'code' | 'token'; readonly text: string },
): Promise<Outcome> {
  const { storage, people, clock } = deps
  const person = attempt.userId && (await people.find(storage.db, attempt.userId))
  const check = async () => {
    const kept = await storage.transact((tx) => tryMailCode(tx, flow.keyHash, clock.nowMs(), triesMost))
    const given = answer.kind === 'code' ? answer.text.replaceAll(/\D/g, '') : answer.text.trim()
    const wanted = (answer.kind === 'code' ? kept?.codeHash : kept?.tokenHash) ?? '0'.repeat(64)
    const right = timingSafeEqual(Buffer.from(hashOf(flow, answer.kind, given)), Buffer.from(wanted))
    if (!right || kept === undefined || !person || kept.userId !== person.id) return undefined
    if (!(await mayUseMail(storage.db, deps, person, attempt))) return undefined
    const second = attempt.amr.includes('pwd')
    return {
      // No method of RFC 8176 is a letter, and it is no `otp`: whoever asks for an app must see that this was none.
      amr: [...attempt.amr, 'email', ...(second ? ['mfa'] : [])],
      use: (tx: Tx) => takeMailCode(tx, kept),
    }
  }
  return deps.proving.run(act, visitor, {
    method: 'email',
    attempt,
    person: person || undefined,
    throttled: true,
    check,
  })
}
