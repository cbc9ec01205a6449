import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Act, Clock, Entropy } from '#kernel'
import type { Storage } from '#storage'
import type { Administrators, People } from '../deps.ts'
import { deleteSetupLinks } from '../links/link.store.ts'
import { linkLifetimeMs, type MadeLink, makeSetupLink } from '../links/make-link.ts'

const fileName = 'setup-link.txt'

export interface SetupDeps {
  readonly storage: Storage
  readonly clock: Clock
  readonly entropy: Entropy
  readonly people: People
  readonly administrators: Administrators
  readonly url: string
  readonly dataDirectory: string
}

/** How the operator of a new installation comes to its set-up link. */
export type SetupNotice =
  | { readonly kind: 'none' }
  /** Print it: it goes to a person's terminal. */
  | { readonly kind: 'terminal'; readonly link: MadeLink }
  /** Print where it is: output may be kept by others. */
  | { readonly kind: 'file'; readonly file: string; readonly expiresAtMs: number }

/**
 * Makes the link for the first administrator when nobody owns the deployment. A start before its use makes another and
 * voids the former; a start after its use removes what is left of it.
 * @param toTerminal whether standard output is a terminal
 */
export async function offerSetup(deps: SetupDeps, toTerminal: boolean): Promise<SetupNotice> {
  const { storage, people, administrators } = deps
  const file = join(deps.dataDirectory, fileName)
  rmSync(file, { force: true })
  const act: Act = { actor: { type: 'system', name: 'first start' }, requestId: 'first-start' }
  const home = await people.findOrganization(storage.db, 'home')
  if (home === undefined || (await administrators.hasOwner(storage.db))) {
    await storage.transact((tx) => deleteSetupLinks(tx))
    return { kind: 'none' }
  }
  const link = await storage.transact((tx) => makeSetupLink(tx, deps, act, home.id))
  if (toTerminal) return { kind: 'terminal', link }
  writeFileSync(file, `${link.url}\n`, { mode: 0o600, flag: 'wx' })
  return { kind: 'file', file, expiresAtMs: link.expiresAtMs }
}

/** The notice in sentences for standard output. */
export function saySetup(notice: SetupNotice): string | undefined {
  const hours = linkLifetimeMs.setup / 3_600_000
  if (notice.kind === 'terminal')
    return `Nobody administers this installation yet. Set it up here (works once, within ${hours} hours):\n\n  ${notice.link.url}\n`
  if (notice.kind === 'file')
    return `Nobody administers this installation yet. The set-up link (works once, within ${hours} hours) is in ${notice.file}`
  return undefined
}
