import type { Storage } from '#storage'
import { findArchive } from './archive.store.ts'
import type { Archives, SayErased } from './archive.ts'

/**
 * Takes bodies out of the archives that hold them.
 * @param positions ascending; those that no archive holds are left out
 * @param say tells of those that go, in the transaction that takes them
 * @returns how many bodies went, and the files that are away: they lose theirs when they come back
 */
export async function removeArchived(
  storage: Storage,
  archives: Archives,
  positions: readonly number[],
  say: SayErased,
): Promise<{ removed: number; away: string[] }> {
  const away: string[] = []
  let removed = 0
  for (let left = [...positions]; left.length > 0; ) {
    const archive = await findArchive(storage.db, left[0] as number)
    if (archive === undefined) break
    const within = left.filter((position) => position <= archive.last)
    left = left.slice(within.length)
    const done = await archives.remove(archive, within, say)
    if (done < 0) away.push(archive.file)
    else removed += done
  }
  return { removed, away }
}
