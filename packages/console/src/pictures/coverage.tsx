import type { Validation } from '../api/types.ts'
import { useWords } from '../words/words.tsx'

type Files = Readonly<Record<string, string>>

/** Ids of the policies and templates in the text, as far as `@id` names them. */
function idsIn(files: Files): { id: string; file: string; effect: string }[] {
  return Object.entries(files)
    .filter(([name]) => name.endsWith('.cedar'))
    .flatMap(([file, text]) =>
      [...text.matchAll(/@id\("([^"]+)"\)[\s\S]*?\b(permit|forbid)\s*\(/g)].map(([, id, effect]) => ({
        id: id as string,
        file,
        effect: effect as string,
      })),
    )
}

/** Which policies the bundle's own tests make decide, and which nothing tests. */
export function Coverage({
  files,
  validation,
}: {
  readonly files: Files
  readonly validation: Validation | undefined
}) {
  const { t } = useWords()
  const tests = validation?.tests ?? []
  const policies = idsIn(files).map((policy) => ({
    ...policy,
    by: tests.filter(({ because }) =>
      because.some((id) => id === policy.id || id.startsWith(`${policy.id}:`) || id.includes(policy.id)),
    ),
  }))
  const most = Math.max(1, ...policies.map(({ by }) => by.length))
  const covered = policies.filter(({ by }) => by.length > 0).length
  return (
    <section>
      <h2>
        {t('{covered} of {count} named policies are made to decide by a test', { covered, count: policies.length })}
      </h2>
      <ul className="coverage">
        {policies.map((policy) => (
          <li key={policy.file + policy.id}>
            <span className={`state ${policy.by.length === 0 ? 'wrong' : 'good'}`}>{policy.by.length}</span>{' '}
            <code>{policy.id}</code>{' '}
            <span className="soft">
              {policy.effect} · {policy.file}
            </span>
            <svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
              <rect width="100" height="6" rx="2" className="bar-back" />
              <rect width={(policy.by.length / most) * 100} height="6" rx="2" className="bar" />
            </svg>
            {policy.by.length === 0 ? (
              <span className="wrong">{t('No test reaches it')}</span>
            ) : (
              <span className="soft">{policy.by.map(({ name }) => name).join(' · ')}</span>
            )}
          </li>
        ))}
      </ul>
      {policies.length === 0 && <p className="soft">{t('Give policies an @id to see what tests reach them.')}</p>}
    </section>
  )
}
