import { type ReactNode, useEffect, useId, useRef } from 'react'

/** A modal dialog of the browser's own: focus stays inside, Escape closes where `onClose` is given. */
export function Dialog(it: {
  readonly title: string
  readonly children: ReactNode
  readonly onClose?: () => void
  readonly wide?: boolean
}) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  useEffect(() => {
    const shown = dialog.current
    if (shown !== null && !shown.open) shown.showModal()
  }, [])
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      className={it.wide ? 'wide' : undefined}
      onCancel={(event) => {
        event.preventDefault()
        it.onClose?.()
      }}
    >
      <h2 id={id}>{it.title}</h2>
      {it.children}
    </dialog>
  )
}
