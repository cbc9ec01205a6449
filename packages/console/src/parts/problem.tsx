import { ApiError } from '../api/client.ts'
import { useWords } from '../words/words.tsx'

/** What went wrong, in the API's own sentence, with what finds it in the record. */
export function ProblemNote({ error }: { readonly error: unknown }) {
  const { t } = useWords()
  if (error === null || error === undefined) return null
  const problem = error instanceof ApiError ? error.problem : undefined
  if (problem?.code === 'lost')
    return (
      <p className="notice wrong" role="alert">
        {t('Gatehouse did not answer. Nothing you typed is lost: try again when the connection is back.')}
      </p>
    )
  return (
    <div className="notice wrong" role="alert">
      <p>{problem?.title ?? t('Something went wrong on this page.')}</p>
      {problem?.detail !== undefined && problem.detail !== problem.title && <p>{problem.detail}</p>}
      {problem?.requestId !== undefined && (
        <p className="soft">
          {t('Request id')} <code>{problem.requestId}</code>
        </p>
      )}
    </div>
  )
}
