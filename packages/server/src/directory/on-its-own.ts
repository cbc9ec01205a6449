import type { Act } from '#kernel'
import type { Reader, Tx, Written } from '#storage'
import type { ChangeDeps, DirectoryDeps } from './deps.ts'

/**
 * A change as a use case of its own: what it is about is there, the actor may, then all of it in one transaction.
 * @param find throws where there is none
 * @param action what the gate is asked of the entity of `type`; of a named transition, by its name
 */
export function onItsOwn<Id extends string, Args extends unknown[], Result>(
  find: (db: Reader, id: Id) => Promise<unknown>,
  action: string | ((transition: NoInfer<Args[0]>) => string),
  type: string,
  change: (tx: Tx, deps: ChangeDeps, act: Act, id: Id, ...args: Args) => Promise<Result>,
): (deps: DirectoryDeps, act: Act, id: Id, ...args: Args) => Promise<Written<Result>> {
  return async (deps, act, id, ...args) => {
    await find(deps.storage.db, id)
    deps.gate.require(act, typeof action === 'string' ? action : action(args[0]), { type, id })
    return deps.storage.write((tx) => change(tx, deps, act, id, ...args))
  }
}
