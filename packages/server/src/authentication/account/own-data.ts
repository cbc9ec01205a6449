import { record } from '#feed'
import type { Act } from '#kernel'
import type { Person } from '../deps.ts'
import { readFactors } from '../factors/factors.ts'
import type { Services } from '../services.ts'
import { listTrustedDevices } from '../sign-in/device.store.ts'
import { listProofsOf } from './address-proof.store.ts'
import { ownEvents } from './own-events.ts'
import '../events.ts'

const time = (atMs: number | undefined) => (atMs === undefined ? undefined : new Date(atMs).toISOString())

/**
 * All that is stored about a person, by name, without what could sign anybody in: secrets are kept as hashes or sealed, and
 * only their being there is told. Reading it is an event.
 */
export async function exportOwnData(services: Services, act: Act, person: Person): Promise<Record<string, unknown>> {
  const { storage, people, sessions, clock, exports } = services
  const { organizationId, id, organization } = person
  const nowMs = clock.nowMs()
  const factors = await readFactors(storage.db, organizationId, id)
  const { describeIdentities } = await import('../federation/link-identity.ts')
  const parts: Record<string, unknown> = {}
  for (const part of exports) parts[part.name] = await part.read(person)
  await storage.transact((tx) =>
    record(tx, act, {
      type: 'authentication.data_exported',
      atMs: nowMs,
      organizationId,
      object: { type: 'User', id, name: person.username },
      data: {},
      touches: [],
    }),
  )
  await storage.settle()
  return {
    exportedAt: time(nowMs),
    organization: { id: organizationId, name: organization.name, title: organization.displayName },
    profile: await people.describe(storage.db, id),
    addressesWaiting: (await listProofsOf(storage.db, organizationId, id, nowMs)).map(({ email, expiresAtMs }) => ({
      email,
      until: time(expiresAtMs),
    })),
    factors: {
      password: { setAt: time(factors.passwordSetAtMs) ?? null },
      authenticatorApp: { setUpAt: time(factors.totpEnrolledAtMs) ?? null },
      passkeys: factors.passkeys.map((each) => ({
        name: each.name,
        addedAt: time(each.addedAtMs),
        usedAt: time(each.usedAtMs),
      })),
      recoveryCodesLeft: factors.recoveryCodesLeft,
    },
    linkedIdentities: (await describeIdentities(storage.db, services, person)).map((each) => ({
      provider: each.provider.displayName,
      ...each.knownAs,
      linkedAt: time(each.linkedAtMs),
      usedAt: time(each.usedAtMs),
    })),
    sessions: (await sessions.list(organizationId, id)).map((each) => ({
      startedAt: time(each.startedAtMs),
      seenAt: time(each.seenAtMs),
      address: each.address,
      browser: each.agent,
      methods: each.amr,
    })),
    rememberedDevices: (await listTrustedDevices(storage.db, organizationId, id, nowMs)).map(({ agent, untilMs }) => ({
      browser: agent,
      until: time(untilMs),
    })),
    events: await ownEvents(storage.db, id),
    ...parts,
  }
}
