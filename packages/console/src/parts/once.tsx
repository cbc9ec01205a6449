import { type ReactNode, useState } from 'react'
import { useWords } from '../words/words.tsx'
import { Dialog } from './dialog.tsx'

/** What is shown once: it can be copied now, and is nowhere in the page once the dialog is closed. */
export function ShownOnce({
  title,
  says,
  facts = [],
  name,
  secret,
  onClose,
}: {
  readonly title: string
  readonly says: string
  readonly facts?: readonly (readonly [name: string, value: ReactNode])[]
  /** What the secret is called. */
  readonly name: string
  readonly secret: string
  readonly onClose: () => void
}) {
  const { t } = useWords()
  const [copied, setCopied] = useState<boolean>()
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{says}</p>
      {facts.map(([label, value]) => (
        <p key={label}>
          {label} <code className="wrap">{value}</code>
        </p>
      ))}
      <p>
        {name} <code className="wrap">{secret}</code>
      </p>
      <p className="actions">
        <button type="button" className="main" onClick={onClose}>
          {t('I have it')}
        </button>
        <button
          type="button"
          className="quiet"
          onClick={() =>
            void (navigator.clipboard?.writeText(secret) ?? Promise.reject()).then(
              () => setCopied(true),
              () => setCopied(false),
            )
          }
        >
          {copied === true ? t('Copied') : t('Copy')}
        </button>
      </p>
      <p role="status" className="soft">
        {copied === false && t('The browser does not let it be copied: mark it and copy it yourself.')}
      </p>
    </Dialog>
  )
}
