/** Rows of one table, in the order of `columns`; every table comes at least once, after those it refers to. */
export interface SnapshotBatch {
  readonly table: string
  readonly columns: readonly string[]
  /** Numbers, texts, nulls and bytes. */
  readonly rows: readonly (readonly unknown[])[]
}

/** How tables that differ between the engines are read so that either engine can take them. */
export type SnapshotViews = Readonly<Record<string, { readonly skip?: true; readonly postgres?: string }>>

/** Tables so ordered that each stands after those it needs. */
export function byDependency(needs: ReadonlyMap<string, readonly string[]>): string[] {
  const ordered = new Set<string>()
  const visit = (name: string, path: readonly string[]) => {
    if (ordered.has(name) || path.includes(name) || !needs.has(name)) return
    for (const need of needs.get(name) ?? []) visit(need, [...path, name])
    ordered.add(name)
  }
  for (const name of [...needs.keys()].sort()) visit(name, [])
  return [...ordered]
}
