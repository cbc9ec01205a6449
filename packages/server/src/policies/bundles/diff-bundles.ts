/** What one bundle has and another has not. */
export interface BundleDiff {
  readonly before: string | undefined
  readonly after: string
  readonly files: readonly FileChange[]
  readonly policies: readonly PolicyChange[]
}

export interface FileChange {
  readonly file: string
  readonly change: 'added' | 'removed' | 'changed'
}

export interface PolicyChange {
  readonly id: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly effect: string
}

interface Side {
  readonly hash: string
  readonly files: Readonly<Record<string, string>>
  readonly policies: string
}

/** Compares by file text and by policy, as parsed: a policy whose layout alone differs is not changed. */
export function diffBundles(before: Side | undefined, after: Side): BundleDiff {
  const had = policiesOf(before?.policies)
  const has = policiesOf(after.policies)
  const effect = (id: string) => (JSON.parse(has.get(id) ?? had.get(id) ?? '{}') as { effect: string }).effect
  return {
    before: before?.hash,
    after: after.hash,
    files: compare(new Map(Object.entries(before?.files ?? {})), new Map(Object.entries(after.files))).map(
      ({ key, change }) => ({ file: key, change }),
    ),
    policies: compare(had, has).map(({ key, change }) => ({ id: key, change, effect: effect(key) })),
  }
}

function policiesOf(text: string | undefined): Map<string, string> {
  if (text === undefined) return new Map()
  const { staticPolicies, templates } = JSON.parse(text) as Record<string, Record<string, unknown>>
  const all = Object.entries({ ...staticPolicies, ...templates })
  return new Map(all.map(([id, policy]) => [id, JSON.stringify(policy)]))
}

function compare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort()
  return keys
    .filter((key) => before.get(key) !== after.get(key))
    .map((key) => ({ key, change: !before.has(key) ? 'added' : !after.has(key) ? 'removed' : 'changed' }) as const)
}
