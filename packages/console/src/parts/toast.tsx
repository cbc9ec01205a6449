import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from 'react'

interface Told {
  readonly says: string
  readonly action?: { readonly label: string; readonly act: () => void } | undefined
}
type Tell = (says: string, action?: Told['action']) => void
const Context = createContext<Tell>(() => undefined)

/** Says what was done, for a while, with what takes it back. */
export function TellProvider({ children }: { readonly children: ReactNode }) {
  const [told, setTold] = useState<Told>()
  const tell = useCallback<Tell>((says, action) => setTold({ says, action }), [])
  useEffect(() => {
    if (told === undefined) return
    const timer = setTimeout(() => setTold(undefined), told.action === undefined ? 6_000 : 20_000)
    return () => clearTimeout(timer)
  }, [told])
  return (
    <Context value={tell}>
      {children}
      <div className="told" role="status">
        {told !== undefined && (
          <p>
            <span>{told.says}</span>
            {told.action && (
              <button
                type="button"
                className="quiet small"
                onClick={() => {
                  told.action?.act()
                  setTold(undefined)
                }}
              >
                {told.action.label}
              </button>
            )}
          </p>
        )}
      </div>
    </Context>
  )
}

export const useTell = (): Tell => useContext(Context)
