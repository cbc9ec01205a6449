import { useWords } from '../words/words.tsx'

/** A picture that is kept as text: it is read in the browser, and what is wrong with it the API says. */
export function Picture({
  ids,
  value,
  readOnly,
  set,
}: {
  readonly ids: { readonly id: string; readonly 'aria-describedby'?: string; readonly 'aria-invalid'?: true }
  /** A `data:` address; empty for none. */
  readonly value: string
  readonly readOnly: boolean | undefined
  readonly set: (value: string) => void
}) {
  const { t } = useWords()
  return (
    <div className="upload">
      {value.startsWith('data:image/png;base64,') && <img src={value} alt={t('The picture as it is')} />}
      {!readOnly && (
        <input
          {...ids}
          type="file"
          accept="image/png"
          onChange={(event) => {
            const [file] = event.target.files ?? []
            if (file === undefined) return
            const reader = new FileReader()
            reader.onload = () => set(String(reader.result))
            reader.readAsDataURL(file)
          }}
        />
      )}
      {!readOnly && value !== '' && (
        <button type="button" className="quiet small" onClick={() => set('')}>
          {t('Take it away')}
        </button>
      )}
    </div>
  )
}
