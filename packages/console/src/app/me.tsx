import { createContext, type ReactNode, useContext } from 'react'
import type { Me } from '../api/types.ts'

const Context = createContext<Me | undefined>(undefined)

export function MeProvider({ me, children }: { readonly me: Me; readonly children: ReactNode }) {
  return <Context value={me}>{children}</Context>
}

/** Who is signed in. */
export function useMe(): Me {
  const me = useContext(Context)
  if (me === undefined) throw new Error('nobody is signed in')
  return me
}
