import { record } from '#feed'
import { type Act, Fault, type MachineId } from '#kernel'
import type { Tx } from '#storage'
import { about, changedRow } from '../changed.ts'
import { type KeyInput, keyEndsOf, keysMost, parseKeys } from '../credentials/client-key.ts'
import type { ClientKey } from '../credentials/credentials.ts'
import type { ChangeDeps } from '../deps.ts'
import '../events.ts'
import { onItsOwn } from '../on-its-own.ts'
import { requireOrganization } from '../organizations/organization.store.ts'
import { Problems } from '../values/problems.ts'
import { requireMachine, updateMachineRow } from './machine.store.ts'
import type { Machine } from './machine.ts'

export interface NewMachineKey {
  readonly jwk: KeyInput['jwk']
  /** Default 90 days, or what the organization says. */
  readonly validSeconds?: number | undefined
  /** Former keys end after this long; default: they stay as they are. */
  readonly overlapSeconds?: number | undefined
  /** Whether a machine that proves itself by secrets goes over to keys, which ends its secrets. */
  readonly replaceSecrets?: boolean | undefined
}

export interface MachineWithKey {
  readonly machine: Machine
  readonly key: ClientKey
}

/**
 * Registers a public key beside those that a machine has. A machine that has no secrets proves itself by keys from then on.
 * @throws {Fault} `directory.machine_unknown`, `directory.invalid`, `directory.too_many`, `directory.has_secrets`,
 * `authorization.denied`
 */
export const registerMachineKey = onItsOwn(requireMachine, 'updateMachine', 'Machine', addMachineKey)

/** As `registerMachineKey`, inside a transaction whose authorization is settled. */
export async function addMachineKey(
  tx: Tx,
  deps: ChangeDeps,
  act: Act,
  id: MachineId,
  input: NewMachineKey,
): Promise<MachineWithKey> {
  const before = await requireMachine(tx, id)
  const nowMs = deps.clock.nowMs()
  const { secrets, keys } = before.credentials
  const lives = ({ expiresAtMs }: { expiresAtMs?: number }) => expiresAtMs === undefined || expiresAtMs > nowMs
  if (input.replaceSecrets !== true && secrets.some(lives)) throw new Fault('directory.has_secrets')
  const ends = keyEndsOf(await requireOrganization(tx, before.organizationId), nowMs)
  const problems = new Problems()
  const asked = input.validSeconds === undefined ? {} : { expiresAtMs: nowMs + input.validSeconds * 1_000 }
  const [key] = parseKeys(problems, '', [{ jwk: input.jwk, ...asked }], [], nowMs, ends) as [ClientKey]
  problems.check(!keys.some(({ kid }) => kid === key.kid), '/jwk/kid', 'must differ from those of the other keys')
  problems.throwIfAny()
  const endMs = input.overlapSeconds === undefined ? undefined : nowMs + input.overlapSeconds * 1_000
  const kept = keys
    .filter(lives)
    .map((old) => (endMs === undefined ? old : { ...old, expiresAtMs: Math.min(old.expiresAtMs ?? endMs, endMs) }))
    .filter(lives)
  if (kept.length >= keysMost)
    throw new Fault('directory.too_many', { detail: `It has ${keysMost} valid keys: revoke one first` })
  const credentials = { authMethod: 'private_key_jwt', secrets: [], keys: [...kept, key] } as const
  const machine = changedRow(before, { credentials }, nowMs)
  await updateMachineRow(tx, machine)
  await record(tx, act, {
    ...about('Machine', machine, machine.name),
    type: 'directory.machine_key_registered',
    data: {
      kid: key.kid,
      expiresAt: new Date(key.expiresAtMs as number).toISOString(),
      ending: endMs === undefined ? [] : keys.filter(lives).map(({ kid }) => kid),
    },
  })
  return { machine, key }
}

/**
 * Ends a key at once, also the last one: the machine then proves itself by nothing.
 * @throws {Fault} `directory.machine_unknown`, `directory.key_unknown`, `authorization.denied`
 */
export const revokeMachineKey = onItsOwn(requireMachine, 'updateMachine', 'Machine', dropMachineKey)

async function dropMachineKey(tx: Tx, deps: ChangeDeps, act: Act, id: MachineId, kid: string): Promise<Machine> {
  const before = await requireMachine(tx, id)
  const keys = before.credentials.keys.filter((key) => key.kid !== kid)
  if (keys.length === before.credentials.keys.length) throw new Fault('directory.key_unknown')
  const machine = changedRow(before, { credentials: { ...before.credentials, keys } }, deps.clock.nowMs())
  await updateMachineRow(tx, machine)
  await record(tx, act, {
    ...about('Machine', machine, machine.name),
    type: 'directory.machine_key_revoked',
    data: { kid },
  })
  return machine
}
