import type { Gate, SignIns } from '#authorization'
import type { MailServer } from '#config'
import type { AccountRules, Branding, RegistrationRules } from '#directory'
import type { Feed } from '#feed'
import type { Act, Clock, Entropy, Meter, OrganizationId, UserId } from '#kernel'
import type { Keyring } from '#keyring'
import type { Reader, Storage, Tx } from '#storage'
import type { IssuerKeys, Outgoing } from '#web'
import type { Language } from './languages/languages.ts'

/** A user as sign-in sees one. */
export interface Person {
  readonly id: UserId
  readonly organizationId: OrganizationId
  readonly username: string
  readonly name: string
  readonly email: string | undefined
  /** Whether they are known to read the address: something that was sent there came back, or an administrator says so. */
  readonly emailVerified: boolean
  /** `invited` may use a link that was made for them; only `active` may sign in; the others neither. */
  readonly state: 'invited' | 'active' | 'barred'
  readonly organization: Organization
  /** Of letters to them. */
  readonly language: Language
  /** The account is kept for emergencies. */
  readonly breakGlass?: boolean
}

export interface Organization {
  readonly id: OrganizationId
  readonly name: string
  readonly displayName: string
  readonly rules: SignInRules
  readonly branding?: Branding | undefined
  readonly registration?: RegistrationRules | undefined
  readonly account?: AccountRules | undefined
}

/** What an organization asks of its people; absent members mean the deployment's default. */
export interface SignInRules {
  readonly factors?: readonly ('password' | 'passkey' | 'totp' | 'email')[]
  readonly secondFactor?: 'administrators' | 'everyone'
  readonly sessionMinutes?: number
  /** For how many days a browser may skip the second factor; never, when absent. */
  readonly rememberDeviceDays?: number
  /** AAGUIDs of the authenticators whose passkeys are taken; any, when absent. */
  readonly authenticators?: readonly string[]
  readonly userVerification?: 'required' | 'preferred'
  /** IANA name of the zone that hours and days of sign-in policies are told in; UTC when absent. */
  readonly timeZone?: string
}

export interface NewPerson {
  readonly username: string
  readonly name: string
  readonly email: string | undefined
  readonly emailVerified?: boolean
}

export interface PersonChange {
  readonly name?: string
  readonly email?: string
  readonly emailVerified?: boolean
}

/** What sign-in asks of the directory. */
export interface People {
  /** The organization that people sign in to; undefined also for one that is suspended. */
  findOrganization(db: Reader, idOrName: string): Promise<Organization | undefined>
  findOrganizationOfEmail(db: Reader, email: string): Promise<Organization | undefined>
  /** The only organization there is. */
  findOnlyOrganization(db: Reader): Promise<Organization | undefined>
  /** By user name or e-mail. */
  findByLogin(db: Reader, organization: OrganizationId, login: string): Promise<Person | undefined>
  find(db: Reader, user: UserId): Promise<Person | undefined>
  /** @throws {Fault} with `errors` when a value is not one that the directory takes; nothing is written then */
  create(tx: Tx, act: Act, organization: OrganizationId, person: NewPerson): Promise<Person>
  /** Changes what is given. @throws {Fault} as `create` */
  update(tx: Tx, act: Act, user: UserId, change: PersonChange): Promise<void>
  /** Notes that the person reads an address: something that was sent there came back. Nothing when they have another by now. */
  confirmEmail(tx: Tx, act: Act, user: UserId, email: string): Promise<void>
  /** The address as the directory keeps it. @throws {Fault} `directory.invalid` */
  parseEmail(text: string): string
  /** From active to deactivated, by their own wish. @throws {Fault} `authorization.last_owner` */
  close(tx: Tx, act: Act, user: UserId): Promise<void>
  /** All that the directory and the grants keep about a person. */
  describe(db: Reader, user: UserId): Promise<unknown>
  /** From invited to active; leaves one who is active. */
  activate(tx: Tx, act: Act, user: UserId): Promise<Person>
}

/** What sign-in asks of the grants. */
export interface Administrators {
  /** Whether the user holds any of Gatehouse's own roles now, directly or through groups. Synchronous, on the snapshot. */
  isAdministrator(user: UserId): boolean
  /**
   * Refuses when the user holds a role that the actor could not have granted: whoever can reset a person's factors can become
   * them.
   * @throws {Fault} `authorization.grant_too_wide`
   */
  refuseWider(act: Act, user: UserId): void
  /** Whether anybody owns the deployment. */
  hasOwner(db: Reader): Promise<boolean>
  makeOwner(tx: Tx, act: Act, user: UserId): Promise<void>
}

export interface AuthenticationDeps {
  readonly storage: Storage
  readonly feed: Feed
  readonly clock: Clock
  readonly entropy: Entropy
  readonly meter: Meter
  readonly keyring: Pick<Keyring, 'seal' | 'unseal' | 'sign' | 'activeKey'>
  /** The way to identity providers. */
  readonly outgoing: Outgoing
  readonly issuers: IssuerKeys
  readonly gate: Gate
  readonly people: People
  readonly administrators: Administrators
  /** Decides by the organizations' sign-in policies. */
  readonly signIns: Pick<SignIns, 'has' | 'bundleOf' | 'decide'>
  /** MMDB data set of the countries of addresses; undefined for none. */
  readonly countryFile?: string | undefined
  /** The mail server; undefined where letters are not sent. */
  readonly mail: MailServer | undefined
  /** Public base address without trailing slash. */
  readonly url: string
  /** Lines `SHA1[:count]` in ascending order: passwords that nobody may choose; undefined for no list. */
  readonly breachedPasswordsFile?: string | undefined
  /** PEM of the roots that attestations of authenticators must lead to; undefined for none. */
  readonly authenticatorRoots?: string | undefined
  readonly onError: (where: string, error: unknown) => void
}
