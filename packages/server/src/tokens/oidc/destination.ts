import type { Clock } from '#kernel'
import type { Storage } from '#storage'
import { findArtifact } from '../artifacts/artifact.store.ts'
import { artifactId } from '../artifacts/artifact.ts'
import { paths } from './paths.ts'

const begun = new RegExp(`^(?:${paths.authorization}|${paths.code_verification})/([\\w-]{1,100})$`)

/** The application that an authorization under way is for, by the address at which it is taken up again; undefined for any other. */
export async function applicationAt(
  { storage, clock }: { readonly storage: Storage; readonly clock: Clock },
  path: string,
): Promise<string | undefined> {
  const uid = begun.exec(path)?.[1]
  if (uid === undefined) return undefined
  const interaction = await findArtifact(storage.db, artifactId('Interaction', uid), clock.nowMs())
  const { client_id: id } = (interaction?.payload.params ?? {}) as { readonly client_id?: unknown }
  return interaction?.kind === 'Interaction' && typeof id === 'string' ? id : undefined
}
