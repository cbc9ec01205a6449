import { Fault } from '#kernel'
import '#web' // whose table holds the fault

/**
 * Holds a change to the revision that its sender has read.
 * @param ifRevision from `If-Match`; undefined asks for nothing
 * @throws {Fault} `web.revision_conflict` (412)
 */
export function holdToRevision(row: { readonly revision: number }, ifRevision: number | undefined): void {
  if (ifRevision !== undefined && ifRevision !== row.revision) throw new Fault('web.revision_conflict')
}
