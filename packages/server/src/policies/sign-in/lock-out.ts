import { PolicySet } from '@gatehouse/cedar'
import { type Circumstances, decideSignIn, heldGrants } from '#authorization'
import { Fault, type OrganizationId, type UserId } from '#kernel'
import type { Reader } from '#storage'
import type { PoliciesDeps } from '../deps.ts'
import '../faults.ts'

const administratorsMost = 20
/** So many ways and none leads in: nobody waits for more. */
const asksMost = 50_000
const asksAtOnce = 250
const hours = [0, 3, 6, 9, 12, 15, 18, 21]

/**
 * Refuses sign-in policies under which no administrator of the organization could ever get in: tried with the ways in that
 * they have, known and unknown browsers, every third hour of a working day and of a Sunday, from the addresses and countries that
 * the policies speak of and people come from. An organization whose administrators have no way in yet has nobody to lock out.
 * @throws {Fault} `policies.locks_out`
 */
export async function refuseLockOut(
  db: Reader,
  deps: Pick<PoliciesDeps, 'snapshot' | 'clock' | 'waysIn'>,
  organizationId: OrganizationId,
  bundle: { readonly policies: string; readonly hash: string; readonly files: Iterable<readonly [string, string]> },
  actorAddress: string | undefined,
): Promise<void> {
  const { waysIn } = deps
  if (waysIn === undefined) return
  const texts = [...bundle.files].filter(([path]) => path.endsWith('.cedar')).map(([, text]) => text)
  const addresses = [
    ...new Set([
      ...(actorAddress === undefined ? [] : [actorAddress]),
      ...literalsOf(texts, /\bip\("([^"/]+)/g),
      ...(await waysIn.addresses(db, organizationId, 5)),
      '203.0.113.1',
    ]),
  ].slice(0, 12)
  const countries = [undefined, ...new Set(literalsOf(texts, /"([A-Z]{2})"/g))].slice(0, 8)
  const set = PolicySet.fromJson(bundle.policies)
  const view = deps.snapshot.signInView(organizationId)
  let asked = 0
  const all = [...administratorsOf(deps, organizationId)]
  // Who could take the policies back again, where there is somebody: a way in for an auditor alone is none.
  const able = all.filter((id) => mayChange(deps, id, organizationId))
  for (const userId of able.length > 0 ? able : all) {
    for (const factors of await waysIn.find(db, organizationId, userId)) {
      for (const circumstances of sampled(deps.clock.nowMs(), factors, addresses, countries)) {
        if (++asked > asksMost) throw new Fault('policies.locks_out')
        // Whoever tries others' patience with many policies does not try that of everybody else's requests.
        if (asked % asksAtOnce === 0) await new Promise(setImmediate)
        const question = { ...circumstances, action: 'signIn' as const, userId, organizationId }
        if (decideSignIn(() => set, view, bundle.hash, question).answer.kind === 'permit') return
      }
    }
  }
  if (asked > 0) throw new Fault('policies.locks_out')
}

const mayChange = (
  { snapshot, clock }: Pick<PoliciesDeps, 'snapshot' | 'clock'>,
  id: UserId,
  organization: OrganizationId,
) =>
  snapshot.decideOwn(
    {
      principal: { type: 'User', id },
      action: { type: 'Gatehouse::Action', id: 'applyPolicies' },
      resource: { type: 'Organization', id: organization },
    },
    clock.nowMs(),
  ).allow

/** Active users of the organization who hold a role of Gatehouse's own, at most 20. */
function* administratorsOf(
  { snapshot, clock }: Pick<PoliciesDeps, 'snapshot' | 'clock'>,
  organizationId: OrganizationId,
): Generator<UserId> {
  const view = snapshot.signInView(organizationId)
  let found = 0
  for (const user of view.ofType('User')) {
    if (user.attrs.get('active') !== true) continue
    if (heldGrants({ snapshot, clock }, { type: 'User', id: user.id }).next().done) continue
    yield user.id as UserId
    if (++found === administratorsMost) return
  }
}

function* sampled(
  nowMs: number,
  factors: readonly string[],
  addresses: readonly string[],
  countries: readonly (string | undefined)[],
): Generator<Circumstances> {
  const day = 86_400_000
  const midnight = Math.floor(nowMs / day) * day
  for (const address of addresses)
    for (const country of countries)
      for (const deviceKnown of [true, false])
        for (const weekday of [1, 7])
          for (const hour of hours)
            yield {
              factors,
              administrator: true,
              address,
              network: address,
              country,
              deviceKnown,
              atMs: midnight + hour * 3_600_000,
              hour,
              weekday,
              risks: deviceKnown ? [] : ['new_device'],
            }
}

function literalsOf(texts: readonly string[], shape: RegExp): string[] {
  return texts.flatMap((text) => [...text.matchAll(shape)].map(([, found]) => found as string))
}
