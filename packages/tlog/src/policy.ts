import { TlogError } from './error.ts'
import { type Note, noteAlgorithm, parseVerifierKey, type VerifierKey, verifyNote } from './note.ts'

interface Group {
  readonly needed: number
  readonly members: readonly string[]
}

/** Which logs are trusted and whose cosignatures make a checkpoint good enough (C2SP tlog-policy). */
export interface TrustPolicy {
  readonly logs: readonly VerifierKey[]
  readonly witnesses: ReadonlyMap<string, { readonly key: VerifierKey; readonly url: string | undefined }>
  readonly groups: ReadonlyMap<string, Group>
  /** A witness or group, or undefined for `quorum none`. */
  readonly quorum: string | undefined
}

const policyMost = 256 * 1024

/** @throws {TlogError} `malformed`, with the line */
export function parsePolicy(text: string): TrustPolicy {
  if (text.length > policyMost) throw new TlogError('too_large', 'the policy file is too long')
  const logs: VerifierKey[] = []
  const witnesses = new Map<string, { key: VerifierKey; url: string | undefined }>()
  const groups = new Map<string, Group>()
  const grouped = new Set<string>()
  let quorum: string | undefined
  let quorumSeen = false
  const wrong = (line: number, why: string) => new TlogError('malformed', `policy line ${line + 1}: ${why}`)
  const known = (name: string) => witnesses.has(name) || groups.has(name)

  for (const [number, raw] of text.split('\n').entries()) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: only tab is allowed
    if (/[\u0000-\u0008\u000b-\u001f\u007f]/.test(raw)) throw wrong(number, 'a control character')
    const [word, ...rest] = raw.split(/[ \t]+/).filter((part) => part !== '')
    if (word === undefined || word.startsWith('#')) continue
    const key = (at: number, algorithm: number): VerifierKey => {
      try {
        const parsed = parseVerifierKey(rest[at] ?? '')
        if (parsed.algorithm === algorithm) return parsed
      } catch {
        // one refusal for both
      }
      throw wrong(number, `needs a verifier key of type ${algorithm}`)
    }
    const name = rest[0] ?? ''
    if (word === 'log' && rest.length >= 1 && rest.length <= 2) {
      const parsed = key(0, noteAlgorithm.ed25519)
      if (logs.some((log) => log.raw.equals(parsed.raw))) throw wrong(number, 'this log is listed already')
      logs.push(parsed)
    } else if (word === 'witness' && rest.length >= 2 && rest.length <= 3) {
      const parsed = key(1, noteAlgorithm.cosignature)
      if (known(name) || name === 'none') throw wrong(number, `the name ${name} is taken`)
      if ([...witnesses.values()].some((witness) => witness.key.raw.equals(parsed.raw)))
        throw wrong(number, 'this witness is listed already')
      witnesses.set(name, { key: parsed, url: rest[2] })
    } else if (word === 'group' && rest.length >= 3) {
      const members = rest.slice(2)
      if (known(name) || name === 'none') throw wrong(number, `the name ${name} is taken`)
      for (const member of members) {
        if (!known(member)) throw wrong(number, `${member} is not defined above`)
        if (grouped.has(member)) throw wrong(number, `${member} is in a group already`)
        grouped.add(member)
      }
      const threshold =
        rest[1] === 'all'
          ? members.length
          : rest[1] === 'any'
            ? 1
            : /^[1-9]\d{0,3}$/.test(rest[1] ?? '')
              ? Number(rest[1])
              : 0
      if (threshold < 1 || threshold > members.length)
        throw wrong(number, 'the threshold must be all, any, or 1 to the number of members')
      groups.set(name, { needed: threshold, members })
    } else if (word === 'quorum' && rest.length === 1) {
      if (quorumSeen) throw wrong(number, 'a second quorum')
      if (name !== 'none' && !known(name)) throw wrong(number, `${name} is not defined above`)
      quorumSeen = true
      quorum = name === 'none' ? undefined : name
    } else throw wrong(number, `"${word}" is not log, witness, group or quorum with its arguments`)
  }
  if (!quorumSeen) throw new TlogError('malformed', 'the policy has no quorum line')
  return { logs, witnesses, groups, quorum }
}

/**
 * Checks a checkpoint's note by the policy: signed by a listed log, cosigned by a quorum.
 * @throws {TlogError} `unsigned`, `forged`
 */
export function requireQuorum(
  note: Note,
  policy: TrustPolicy,
): { log: VerifierKey; witnesses: { name: string; atSeconds: number }[] } {
  const byWitness = [...policy.witnesses].map(([name, witness]) => ({ name, key: witness.key }))
  const good = verifyNote(note, [...policy.logs, ...byWitness.map((entry) => entry.key)])
  const log = good.find((found) => policy.logs.includes(found.key))?.key
  if (log === undefined) throw new TlogError('unsigned', 'no listed log has signed the checkpoint')
  const witnesses = good.flatMap(({ key, atSeconds }) => {
    const name = byWitness.find((entry) => entry.key === key)?.name
    return name === undefined ? [] : [{ name, atSeconds: atSeconds ?? 0 }]
  })
  const has = (name: string): boolean => {
    const group = policy.groups.get(name)
    if (group === undefined) return witnesses.some((witness) => witness.name === name)
    return group.members.filter(has).length >= group.needed
  }
  if (policy.quorum !== undefined && !has(policy.quorum)) {
    throw new TlogError('unsigned', `the cosignatures do not make the quorum ${policy.quorum}`)
  }
  return { log, witnesses }
}
