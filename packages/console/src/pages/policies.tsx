import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ApiError, send } from '../api/client.ts'
import { useMayEach } from '../api/rights.ts'
import type { Activation, Validation } from '../api/types.ts'
import { useInAddress } from '../app/router.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Empty } from '../parts/small.tsx'
import { useTell } from '../parts/toast.tsx'
import { Coverage } from '../pictures/coverage.tsx'
import { useWords } from '../words/words.tsx'
import type { BundleOwner } from './bundle-owner.ts'
import { Apply, Findings, NewFile } from './bundle-parts.tsx'
import { useUnsaved } from './edit.tsx'
import { Difference, Editor } from './editor.tsx'
import { MergeFiles } from './merge-files.tsx'
import { Versions } from './versions.tsx'

type Files = Readonly<Record<string, string>>
type Bundle = Activation & { readonly files: Files; readonly roles: readonly string[] }

/** The policies of an application, or of an organization's sign-ins: written with highlighting, checked as one types, tested, compared, put in force, rolled back. */
export default function Policies({ owner, name }: { readonly owner: BundleOwner; readonly name: string }) {
  const { t } = useWords()
  const { path } = owner
  const shown = useQuery({
    queryKey: ['bundle', path],
    queryFn: async ({ signal }) => {
      try {
        return await send<Bundle>('GET', path, { signal })
      } catch (error) {
        if (error instanceof ApiError && error.problem.code === 'policies.none_active') return null
        throw error
      }
    },
    retry: false,
  })
  if (shown.error !== null) return <ProblemNote error={shown.error} />
  if (shown.data === undefined)
    return (
      <div className="loading" role="status">
        {t('Loading…')}
      </div>
    )
  return <Bundle owner={owner} name={name} active={shown.data?.body} />
}

function Bundle({
  owner,
  name,
  active,
}: {
  readonly owner: BundleOwner
  readonly name: string
  readonly active: Bundle | undefined
}) {
  const { t } = useWords()
  const client = useQueryClient()
  const tell = useTell()
  const { path, uid, cli } = owner
  const [mayApply, mayRollBack] = useMayEach([
    { action: 'applyPolicies', resource: uid },
    { action: 'rollBackPolicies', resource: uid },
  ])
  const [base, setBase] = useState(active)
  const [files, setFiles] = useState<Files>(active?.files ?? {})
  const [file, setFile] = useInAddress('file')
  const [view, setView] = useInAddress('view')
  const [applying, setApplying] = useState(false)
  const [merging, setMerging] = useState(false)
  const names = Object.keys(files).sort()
  const open = names.includes(file) ? file : (names.find((one) => one.endsWith('.cedar')) ?? names[0] ?? '')
  const changed = JSON.stringify(files) !== JSON.stringify(base?.files ?? {})
  useUnsaved(changed)
  useEffect(() => {
    // A newer bundle came into force while nothing was typed here.
    if (active === undefined || changed || active.number === base?.number) return
    setBase(active)
    setFiles(active.files)
  }, [active, base, changed])

  const check = useCheck(path, files)
  const found = check.data?.body
  const problems = [...(found?.problems ?? []), ...(found?.warnings ?? [])]
  if (names.length === 0)
    return (
      <Empty title={t('No policies yet')}>
        <p>{t(owner.none)}</p>
        {mayApply && (
          <button type="button" className="main" onClick={() => setFiles(owner.first)}>
            {t('Begin with an example')}
          </button>
        )}
        <Cli command={`gatehouse ${cli[0]} push ./policies ${cli[1]}`} />
      </Empty>
    )
  return (
    <>
      {active !== undefined && base !== undefined && active.number !== base.number && (
        <p className="notice warn" role="alert">
          {t('{name} put another bundle in force after you began. See the difference before you put yours in force.', {
            name: active.by.name,
          })}{' '}
          <button type="button" className="quiet small" onClick={() => setMerging(true)}>
            {t('Bring both together')}
          </button>{' '}
          <button type="button" className="quiet small" onClick={() => setView('diff')}>
            {t('Difference')}
          </button>
        </p>
      )}
      <div className="bundle">
        <nav className="files" aria-label={t('Files of the bundle')}>
          {names.map((one) => (
            <button
              key={one}
              type="button"
              aria-current={one === open && view === '' ? 'true' : undefined}
              onClick={() => {
                setView('')
                setFile(one)
              }}
            >
              {one}
              {files[one] !== (base?.files[one] ?? '') && <span className="state hint">{t('changed')}</span>}
              {problems.some((problem) => problem.file === one) && (
                <span className="state wrong">{problems.filter((problem) => problem.file === one).length}</span>
              )}
            </button>
          ))}
          <hr />
          {owner.views.map((one) => (
            <button
              key={one}
              type="button"
              aria-current={view === one ? 'true' : undefined}
              onClick={() => setView(one)}
            >
              {t(one === 'diff' ? 'Difference' : one === 'coverage' ? 'Coverage' : 'History')}
            </button>
          ))}
          {mayApply && (
            <NewFile
              names={names}
              onMake={(made) => {
                setFiles({ ...files, [made]: '' })
                setFile(made)
                setView('')
              }}
            />
          )}
        </nav>
        <div className="pane">
          {view === '' && (
            <Editor
              key={open}
              file={open}
              text={files[open] ?? ''}
              readOnly={!mayApply}
              problems={problems.filter((problem) => problem.file === open)}
              onChange={(text) => setFiles((former) => ({ ...former, [open]: text }))}
            />
          )}
          {view === 'diff' && <Difference before={active?.files ?? {}} after={files} />}
          {view === 'coverage' && <Coverage files={files} validation={found} />}
          {view === 'history' && (
            <Versions
              owner={owner}
              current={files}
              mayRollBack={mayRollBack === true}
              onTake={(taken) => {
                setFiles(taken)
                setView('diff')
              }}
            />
          )}
        </div>
      </div>
      <ProblemNote error={check.error} />
      <Findings
        validation={found}
        checking={check.isFetching}
        onGo={(problem) => {
          setView('')
          setFile(problem.file)
        }}
      />
      {mayApply && (
        <p className="actions">
          <button
            type="button"
            className="main"
            disabled={!changed || found?.valid !== true || check.isFetching}
            onClick={() => setApplying(true)}
          >
            {t('Put in force…')}
          </button>
          {changed && (
            <button type="button" className="quiet" onClick={() => setFiles(base?.files ?? {})}>
              {t('Undo what I typed')}
            </button>
          )}
        </p>
      )}
      <Cli command={`gatehouse ${cli[0]} push ./policies ${cli[1]}`} />
      {merging && active !== undefined && (
        <MergeFiles
          before={base?.files ?? {}}
          mine={files}
          theirs={active.files}
          by={active.by.name}
          onClose={() => setMerging(false)}
          onTake={(merged) => {
            setBase(active)
            setFiles(merged)
            setMerging(false)
            setView('diff')
          }}
        />
      )}
      {applying && (
        <Apply
          name={name}
          path={path}
          files={files}
          number={base?.number}
          validation={found}
          onClose={() => setApplying(false)}
          onOther={() => {
            setApplying(false)
            void client.invalidateQueries({ queryKey: ['bundle', path] }).then(() => setMerging(true))
          }}
          onDone={(activation) => {
            setBase({ ...activation, files, roles: [] })
            void client.invalidateQueries()
            tell(t('Bundle {number} is in force', { number: activation.number }))
          }}
        />
      )}
    </>
  )
}

/** Checks the files through the API a moment after the last key. */
function useCheck(path: string, files: Files) {
  const [asked, setAsked] = useState(files)
  useEffect(() => {
    const timer = setTimeout(() => setAsked(files), 400)
    return () => clearTimeout(timer)
  }, [files])
  return useQuery({
    queryKey: ['validate', path, asked],
    queryFn: ({ signal }) => send<Validation>('POST', `${path}/validate`, { body: { files: asked }, signal }),
    enabled: Object.keys(asked).length > 0,
    placeholderData: (former) => former,
    gcTime: 10_000,
  })
}
