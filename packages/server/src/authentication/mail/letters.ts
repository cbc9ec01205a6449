import { english, type Language, type Texts } from '../languages/languages.ts'
import { fill, sayAgent, sayMinute, sayTime, textsOf } from '../languages/say.ts'

/** What somebody changed about how they sign in, as the catalogue of texts knows it. */
export type FactorChange =
  | { readonly key: Exclude<keyof Texts['changes'], NamedChange> }
  | { readonly key: NamedChange; readonly name: string }
type NamedChange = 'passkeyAdded' | 'passkeyRemoved' | 'identityLinked' | 'identityUnlinked'

/** What Gatehouse writes to people about, and what each letter needs to know. */
export interface Letters {
  readonly invitation: { readonly url: string; readonly organization: string; readonly days: number }
  readonly recovery: { readonly url: string; readonly organization: string; readonly minutes: number }
  readonly sign_in_code: {
    readonly code: string
    readonly url: string
    readonly organization: string
    readonly minutes: number
  }
  readonly password_changed: { readonly atMs: number; readonly address: string | undefined; readonly url: string }
  readonly factor_changed: { readonly what: FactorChange; readonly atMs: number; readonly url: string }
  readonly email_confirm: { readonly url: string; readonly organization: string; readonly minutes: number }
  readonly email_changed: { readonly atMs: number }
  readonly closed: { readonly atMs: number; readonly organization: string }
  readonly register: { readonly url: string; readonly organization: string; readonly minutes: number }
  readonly registered: { readonly url: string; readonly organization: string }
  readonly approved: { readonly url: string; readonly organization: string; readonly days: number }
  readonly refused: { readonly organization: string }
  readonly new_device: {
    readonly agent: string | undefined
    readonly address: string | undefined
    readonly atMs: number
    readonly url: string
  }
}
export type LetterKind = keyof Letters

export interface Written {
  readonly subject: string
  readonly text: string
}

interface Words {
  readonly t: Texts
  readonly language: Language
}

type Write<K extends LetterKind> = (words: Words, values: Letters[K]) => Written

/** Plain text alone: nothing that a mail program would have to render, load or hide. Values cannot break out of their line. */
const write: { readonly [K in LetterKind]: Write<K> } = {
  invitation: ({ t, language }, { url, organization, days }) => ({
    subject: fill(t.letters.invitationSubject, { organization }),
    text: fill(t.letters.invitation, { organization, url, time: sayTime(language, days, 'day') }),
  }),
  recovery: ({ t, language }, { url, organization, minutes }) => ({
    subject: fill(t.letters.recoverySubject, { organization }),
    text: fill(t.letters.recovery, { organization, url, time: sayTime(language, minutes, 'minute') }),
  }),
  sign_in_code: ({ t, language }, { code, url, organization, minutes }) => ({
    subject: fill(t.mailCode.subject, { organization, code }),
    text: fill(t.mailCode.letter, { organization, code, url, time: sayTime(language, minutes, 'minute') }),
  }),
  password_changed: ({ t, language }, { atMs, address = t.common.unknownAddress, url }) => ({
    subject: t.letters.passwordChangedSubject,
    text: fill(t.letters.passwordChanged, { when: sayMinute(language, atMs), address, url }),
  }),
  factor_changed: ({ t, language }, { what, atMs, url }) => ({
    subject: t.letters.factorChangedSubject,
    text: fill(t.letters.factorChanged, {
      what: fill(t.changes[what.key], 'name' in what ? { name: what.name } : {}),
      when: sayMinute(language, atMs),
      url,
    }),
  }),
  email_confirm: ({ t, language }, { url, organization, minutes }) => ({
    subject: t.letters.emailConfirmSubject,
    text: fill(t.letters.emailConfirm, { organization, url, time: sayTime(language, minutes, 'minute') }),
  }),
  email_changed: ({ t, language }, { atMs }) => ({
    subject: t.letters.emailChangedSubject,
    text: fill(t.letters.emailChanged, { when: sayMinute(language, atMs) }),
  }),
  closed: ({ t, language }, { atMs, organization }) => ({
    subject: t.letters.closedSubject,
    text: fill(t.letters.closed, { organization, when: sayMinute(language, atMs) }),
  }),
  register: ({ t, language }, { url, organization, minutes }) => ({
    subject: fill(t.letters.registerSubject, { organization }),
    text: fill(t.letters.register, { organization, url, time: sayTime(language, minutes, 'minute') }),
  }),
  registered: ({ t }, { url, organization }) => ({
    subject: fill(t.letters.registeredSubject, { organization }),
    text: fill(t.letters.registered, { organization, url }),
  }),
  approved: ({ t, language }, { url, organization, days }) => ({
    subject: fill(t.letters.approvedSubject, { organization }),
    text: fill(t.letters.approved, { organization, url, time: sayTime(language, days, 'day') }),
  }),
  refused: ({ t }, { organization }) => ({
    subject: fill(t.letters.refusedSubject, { organization }),
    text: fill(t.letters.refused, { organization }),
  }),
  new_device: ({ t, language }, { agent, address = t.common.unknownAddress, atMs, url }) => ({
    subject: t.letters.newDeviceSubject,
    text: fill(t.letters.newDevice, { device: sayAgent(t, agent), address, when: sayMinute(language, atMs), url }),
  }),
}

function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

/** A letter in its reader's language. */
export function writeLetter<K extends LetterKind>(
  kind: K,
  name: string,
  values: Letters[K],
  language: Language = 'en',
): Written {
  const t = textsOf(language) ?? english
  const { subject, text } = write[kind]({ t, language }, plain(values) as Letters[K])
  return { subject, text: `${fill(t.letters.hello, { name: plain(name) as string })}\n\n${text}\n` }
}
