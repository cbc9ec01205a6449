import { useState } from 'react'
import { useMay } from '../api/rights.ts'
import type { Explained, ExplainedPart, Turn } from '../api/types.ts'
import { Entity, State } from '../parts/small.tsx'
import { Why } from '../pictures/why.tsx'
import { useWords } from '../words/words.tsx'
import { NewGrant } from './new-grant.tsx'

/** What the policies answer, why, and what would turn it. */
export function Answer({ of: it, applicationId }: { readonly of: Explained; readonly applicationId: string }) {
  const { t } = useWords()
  return (
    <section aria-live="polite" className={it.decision ? 'answer good' : 'answer wrong'}>
      <h2>{it.decision ? t('Yes') : t('No')}</h2>
      <p className="lead">
        {t(it.says as never)}. <State of={it.outcome} />
      </p>
      {it.decision && <Why of={it} />}
      <Turns of={it} applicationId={applicationId} />
      {it.reasons
        .filter(({ id }) => id.startsWith('gatehouse:'))
        .map(({ id, says }) => (
          <p key={id}>{says}</p>
        ))}
      {it.errors.map((error) => (
        <p key={error.policy} className="wrong">
          <code>{error.policy}</code> {error.message}
        </p>
      ))}
      {it.decided.length > 0 && <h3>{t('What decided')}</h3>}
      {it.decided.map((part) => (
        <Part key={part.policy} part={part} />
      ))}
      {it.nearly.length > 0 && <h3>{t('What came close')}</h3>}
      {it.nearly.map((part) => (
        <Part key={part.policy} part={part} />
      ))}
    </section>
  )
}

function Part({ part }: { readonly part: ExplainedPart }) {
  const { t } = useWords()
  const { grant, failed } = part
  return (
    <div className="card part">
      <p>
        <span className={`state ${part.effect === 'permit' ? 'good' : 'wrong'}`}>{part.effect}</span>{' '}
        {grant === undefined ? <code>{part.policy}</code> : <b>{part.role}</b>}
        {part.says !== undefined && <span className="soft"> {part.says}</span>}
      </p>
      {grant !== undefined && (
        <p>
          {t('Held by')} <Entity uid={grant.principal} /> {t('On')} <Entity uid={grant.resource} />
        </p>
      )}
      {part.outOfScope.map((text) => (
        <p key={text}>
          {t('Its scope did not hold:')} <code>{text}</code>
        </p>
      ))}
      {failed !== undefined && (
        <>
          <p>
            {t('This clause did not hold:')}{' '}
            <code>
              {failed.kind} {failed.text}
            </code>{' '}
            {failed.error}
          </p>
          <ul>
            {failed.values.map((value) => (
              <li key={value.expression}>
                <code>{value.expression}</code> = <code>{value.value}</code>
              </li>
            ))}
          </ul>
        </>
      )}
      {part.paths
        .filter((path) => path.length > 1)
        .map((path) => (
          <p key={path.map(({ id }) => id).join()} className="path">
            {path.map((uid, index) => (
              <span key={uid.type + uid.id}>
                {index > 0 && ' → '}
                <Entity uid={uid} />
              </span>
            ))}
          </p>
        ))}
    </div>
  )
}

function Turns({ of: it, applicationId }: { readonly of: Explained; readonly applicationId: string }) {
  const { t } = useWords()
  const [granting, setGranting] = useState<Turn>()
  const may = useMay('createGrant', applicationId ? { type: 'Application', id: applicationId } : it.resource)
  if (it.turns.length === 0) return null
  return (
    <div className="turns">
      <h3>{it.decision ? t('What alone would take it away') : t('What alone would allow it')}</h3>
      <ul>
        {it.turns.map((turn) => (
          <li key={JSON.stringify(turn)}>
            {turn.kind === 'grant' && (
              <>
                {t('The role {role} on it', { role: turn.role })}{' '}
                {may && (
                  <button type="button" className="quiet small" onClick={() => setGranting(turn)}>
                    {t('Grant…')}
                  </button>
                )}
              </>
            )}
            {turn.kind === 'revoke' &&
              t('Revoking {count} grants: {ids}', { count: turn.grants.length, ids: turn.grants.join(', ') })}
            {turn.kind === 'activate' && (
              <>
                {t('Activating')} <Entity uid={turn.principal} />
              </>
            )}
            {turn.kind === 'policy' && t('Another policy: {policies}', { policies: turn.policies.join(', ') })}
          </li>
        ))}
      </ul>
      {granting?.kind === 'grant' && (
        <NewGrant
          first={{
            role: granting.role,
            principal: granting.principal,
            resource: granting.resource,
            ...(applicationId && { applicationId }),
          }}
          onClose={() => setGranting(undefined)}
        />
      )}
    </div>
  )
}
