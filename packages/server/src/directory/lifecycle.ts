import { Fault } from '#kernel'
import './faults.ts'

/** A table of named transitions: for each, the states it may start from and the one it ends in. */
export type Transitions<S extends string, T extends string> = Readonly<
  Record<T, { readonly from: readonly S[]; readonly to: S }>
>

/** The names of the transitions that a state allows. */
export function allowedFrom<S extends string, T extends string>(table: Transitions<S, T>, state: S): T[] {
  return (Object.keys(table) as T[]).filter((name) => table[name].from.includes(state))
}

/**
 * The state that a transition leads to.
 * @throws {Fault} `directory.transition_refused` (409) with the present `state` and what it allows
 */
export function move<S extends string, T extends string>(table: Transitions<S, T>, state: S, name: T): S {
  const transition = table[name]
  if (transition.from.includes(state)) return transition.to
  const allowed = allowedFrom(table, state)
  const says = allowed.length === 0 ? 'nothing' : allowed.join(', ')
  throw new Fault('directory.transition_refused', {
    detail: `It is ${state}, which does not allow ${name}; allowed: ${says}`,
    extra: { state, allowed },
  })
}
