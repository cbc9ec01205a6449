import type { Application } from '#directory'
import { type Act, Fault } from '#kernel'
import type { Tx } from '#storage'
import type { PoliciesDeps } from '../../deps.ts'
import { formatRef, type NamedRef, parseRef } from '../item.ts'
import type { Known } from '../known.ts'
import type { Names } from '../names.ts'
import type { PlannedChange } from '../plan.ts'
import type { Wanted } from '../read-configuration.ts'

/** Everything that the steps of one application of a plan share. */
export interface Applying {
  readonly tx: Tx
  readonly deps: PoliciesDeps
  readonly act: Act
  readonly wanted: Wanted
  readonly known: Known
  /** Learns what is made. */
  readonly names: Names
  /** `organization/application` → the application, those made now too. */
  readonly applications: Map<string, Application>
}

/** One part of a change. */
export interface Step {
  readonly rank: number
  readonly change: PlannedChange
  readonly run: () => Promise<unknown>
}

/** When what happens. Between two ranks everything of the first is done. */
export const ranks = {
  organization: 10,
  user: 20,
  group: 30,
  machine: 40,
  application: 45,
  provider: 47,
  members: 50,
  /** Grants of roles that the next bundle may lack. */
  revokeApplicationRole: 55,
  policies: 60,
  resource: 70,
  grant: 75,
  /** After others were granted, so that the last owner is not the old one. */
  revokeOwnRole: 76,
  deleteResource: 80,
  lowerApplication: 82,
  deleteApplication: 83,
  lowerMachine: 84,
  deleteMachine: 85,
  deleteProvider: 81,
  deleteGroup: 86,
  lowerUser: 87,
  deleteUser: 88,
  lowerOrganization: 90,
} as const

/** The id of what a file names. @throws {Fault} `policies.reference_unknown` */
export async function requireId(names: Names, ref: NamedRef, home: string): Promise<string> {
  const id = await names.idOf(ref)
  if (id !== undefined) return id
  throw new Fault('policies.reference_unknown', { detail: `there is no ${formatRef(ref, home)}` })
}

/** As `requireId`, of a reference as it is written in the files of `home`. */
export async function requireRefId(names: Names, text: string, home: string): Promise<string> {
  const ref = parseRef(text, home)
  if (ref === undefined) throw new TypeError(`${text} is no reference`)
  return requireId(names, ref, home)
}

export const requireOrganizationId = (names: Names, name: string) =>
  requireId(names, { kind: 'organization', organization: name, name }, name)
