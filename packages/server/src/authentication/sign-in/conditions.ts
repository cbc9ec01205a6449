import type { Circumstances, SignInAnswer } from '#authorization'
import type { Act } from '#kernel'
import type { AuthenticationDeps, Person } from '../deps.ts'
import { listSessions } from '../sessions/session.store.ts'
import { Countries } from './countries.ts'
import { hasFailedLately, isNetworkSuspected } from './suspects.ts'
import { networkOf } from './throttle.ts'

export interface Asked {
  readonly action: 'signIn' | 'stepUp'
  readonly factors: readonly string[]
  readonly address: string | undefined
  readonly deviceKnown: boolean
  readonly applicationId?: string | undefined
  /** Name of the provider that says who it is. */
  readonly provider?: string | undefined
  /** Whether nobody signs in now: a session that there is goes on. */
  readonly goesOn?: boolean
}

type Deps = Pick<AuthenticationDeps, 'storage' | 'clock' | 'signIns' | 'administrators' | 'countryFile' | 'onError'>

/** What sign-in policies say, with everything they are told. Nothing is found out where an organization has none. */
export class Conditions {
  readonly #deps: Deps
  readonly #countries: Countries | undefined

  constructor(deps: Deps) {
    this.#deps = deps
    this.#countries = deps.countryFile === undefined ? undefined : new Countries(deps.countryFile)
  }

  /** @throws {Fault} `authorization.journal_unavailable` */
  async ask(act: Pick<Act, 'requestId'>, person: Person, asked: Asked): Promise<SignInAnswer> {
    const { signIns } = this.#deps
    const { id: userId, organizationId } = person
    if (!signIns.has(organizationId)) return { kind: 'permit' }
    const circumstances = await this.#circumstances(person, asked)
    if (circumstances === undefined) return { kind: 'deny', reasons: ['gatehouse:circumstances'] }
    return signIns.decide(act.requestId, { ...circumstances, action: asked.action, userId, organizationId })
  }

  /** Where an address is, as far as there is a data set that knows; nothing when it cannot be read. */
  async countryOf(address: string | undefined): Promise<string | undefined> {
    const plain = address === undefined ? undefined : plainAddress(address)
    if (plain === undefined) return undefined
    return this.#countries?.find(plain, this.#deps.clock.nowMs()).catch((error) => {
      this.#deps.onError('countries of sessions', error)
      return undefined
    })
  }

  /** Undefined when they cannot be found out: a policy that was told less than there is might forbid less. */
  async #circumstances(person: Person, asked: Asked): Promise<Circumstances | undefined> {
    const { clock, administrators, onError } = this.#deps
    const address = plainAddress(asked.address)
    if (address === undefined) return undefined
    const nowMs = clock.nowMs()
    try {
      const country = await this.#countries?.find(address, nowMs)
      return {
        factors: asked.factors,
        administrator: administrators.isAdministrator(person.id),
        address,
        network: networkOf(address),
        country,
        deviceKnown: asked.deviceKnown,
        atMs: nowMs,
        ...localTime(nowMs, person.organization.rules.timeZone),
        risks: await this.#risks(person, asked, address, country, nowMs),
        applicationId: asked.applicationId,
        provider: asked.provider,
      }
    } catch (error) {
      onError('sign-in policies', error)
      return undefined
    }
  }

  async #risks(
    person: Person,
    { deviceKnown, goesOn = false }: Asked,
    address: string,
    country: string | undefined,
    nowMs: number,
  ): Promise<string[]> {
    const { db } = this.#deps.storage
    const risks: string[] = []
    if (!deviceKnown) risks.push('new_device')
    // Whoever fails to sign in as somebody else must not end what that person is doing.
    if (!goesOn && (await hasFailedLately(db, person.organizationId, person.id, nowMs))) risks.push('failures')
    if (await isNetworkSuspected(db, address, nowMs)) risks.push('network_suspected')
    const [last] = country === undefined ? [] : await listSessions(db, person.organizationId, person.id, nowMs)
    const lastAddress = plainAddress(last?.address)
    const lastCountry = lastAddress && (await this.#countries?.find(lastAddress, nowMs))
    if (lastCountry !== undefined && lastCountry !== country) risks.push('new_country')
    return risks
  }
}

/** As policies can read it: without a zone, and IPv4 where it comes in IPv6's clothes. */
export function plainAddress(address: string | undefined): string | undefined {
  const plain = address?.split('%')[0]
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(plain ?? '')?.[1] ?? plain
}

/** Hour and day of the week (Monday is 1) in a time zone; UTC without one. */
export function localTime(nowMs: number, timeZone = 'UTC'): { hour: number; weekday: number } {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone, hour: 'numeric', hourCycle: 'h23', weekday: 'short' })
    .formatToParts(nowMs)
    .reduce<Record<string, string>>((all, { type, value }) => Object.assign(all, { [type]: value }), {})
  const days = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']
  return { hour: Number(parts.hour), weekday: days.indexOf(parts.weekday as string) + 1 }
}
