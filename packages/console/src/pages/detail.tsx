import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense } from 'react'
import { get } from '../api/client.ts'
import { useMayEach } from '../api/rights.ts'
import { go, Link, useInAddress } from '../app/router.tsx'
import { ActButton } from '../parts/act.tsx'
import { History } from '../parts/history.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Entity, Facts, quote, State, Time } from '../parts/small.tsx'
import { type Sentence, useWords } from '../words/words.tsx'
import { ApiKeys } from './api-keys.tsx'
import { ofApplication, ofSignIns } from './bundle-owner.ts'
import { Contain } from './contain.tsx'
import { Edit } from './edit.tsx'
import { GrantsOf } from './grants.tsx'
import { IdentitiesOf } from './identities-of.tsx'
import { Lint } from './lint.tsx'
import { MemberOf, Members } from './members.tsx'
import { cliOf, type Item, type Noun } from './noun.ts'
import { Secrets } from './secrets.tsx'
import { Sessions } from './sessions.tsx'
import { SignInOf } from './sign-in-of.tsx'

const Graph = lazy(() => import('../pictures/access.tsx'))
const ProviderPanel = lazy(() => import('./provider-panel.tsx'))
const Branding = lazy(() => import('./branding.tsx'))
const Policies = lazy(() => import('./policies.tsx'))
const Registrations = lazy(() => import('./registrations.tsx'))

type Tab = readonly [string, Sentence]

function tabsOf(noun: Noun): Tab[] {
  const tabs: Tab[] = [['', 'Overview']]
  if (noun.path === 'applications') tabs.push(['policies', 'Policies'])
  if (noun.path === 'organizations')
    tabs.push(['policies', 'Sign-in policies'], ['registrations', 'Registrations'], ['branding', 'Branding'])
  if (noun.path === 'groups') tabs.push(['members', 'Members'])
  if (noun.path === 'users') tabs.push(['sessions', 'Sessions and factors'])
  if (noun.path === 'machines' || noun.path === 'applications') tabs.push(['secrets', 'Secrets and keys'])
  if (noun.path !== 'providers') tabs.push(['access', 'Access'])
  tabs.push(['history', 'History'])
  return tabs
}

/** One thing of the directory with all that can be known and done about it. */
export function DetailPage({ noun, id }: { readonly noun: Noun; readonly id: string }) {
  const { t } = useWords()
  const [tab, setTab] = useInAddress('tab')
  const path = `/api/${noun.path}/${encodeURIComponent(id)}`
  const found = useQuery({ queryKey: ['one', noun.path, id], queryFn: ({ signal }) => get<Item>(path, signal) })
  const itself = { type: noun.type, id }
  const uid = found.data === undefined ? itself : (noun.rightsOn?.(found.data) ?? itself)
  const verbs = noun.moves.map((move) => ({ action: noun.actionOf(move.verb), resource: uid }))
  const may = useMayEach([
    { action: noun.updateAction, resource: uid },
    { action: noun.deleteAction, resource: uid },
    ...verbs,
  ])
  if (found.error !== null)
    return (
      <>
        <h1 tabIndex={-1}>{t(noun.one)}</h1>
        <ProblemNote error={found.error} />
        <Link to={`/${noun.path}`}>{t(noun.many)}</Link>
      </>
    )
  const item = found.data
  if (item === undefined)
    return (
      <div className="loading" role="status">
        {t('Loading…')}
      </div>
    )
  const name = noun.nameOf(item) || item.id
  const state = item.state as string | undefined
  const gone = state === 'deleted'
  return (
    <>
      <nav aria-label={t('Where you are')} className="crumbs">
        <Link to={`/${noun.path}`}>{t(noun.many)}</Link>
      </nav>
      <header className="top">
        <h1 tabIndex={-1}>
          {name} {state !== undefined && <State of={state} />}
        </h1>
        <div className="actions">
          {noun.moves.map(
            (move, index) =>
              may[index + 2] &&
              move.from.includes(state ?? '') && (
                <ActButton
                  key={move.verb}
                  act={{
                    label: t(move.label),
                    method: 'POST',
                    path: `${path}/${move.verb}`,
                    danger: move.danger ?? false,
                    asks: t(move.asks),
                    reason: true,
                    ifRevision: item.revision,
                    done: `${name}: ${t(move.done)}`,
                    ...(move.undo && { undo: { method: 'POST', path: `${path}/${move.undo}` } }),
                    more: <Cli command={cliOf(noun, item, move.verb)} />,
                  }}
                />
              ),
          )}
          {['users', 'machines', 'applications'].includes(noun.path) && !gone && <Contain uid={itself} name={name} />}
          {noun.path === 'users' && gone && may[1] && <EraseFromLog id={id} />}
          {may[1] && !gone && (
            <ActButton
              act={{
                label: t('Delete'),
                method: 'DELETE',
                path,
                danger: true,
                asks: t(noun.deleteAsks),
                typed: name,
                ifRevision: item.revision,
                done: t('{name} is deleted', { name }),
                after: () => go(`/${noun.path}`),
                more: <Cli command={cliOf(noun, item, 'delete')} />,
              }}
            />
          )}
        </div>
      </header>
      <nav className="tabs" aria-label={t('Parts of this page')}>
        {tabsOf(noun).map(([key, label]) => (
          <button key={key} type="button" aria-current={tab === key ? 'page' : undefined} onClick={() => setTab(key)}>
            {t(label)}
          </button>
        ))}
      </nav>
      <Suspense
        fallback={
          <div className="loading" role="status">
            {t('Loading…')}
          </div>
        }
      >
        {tab === '' && (
          <>
            <Facts
              of={[
                [t('Id'), <code key="id">{item.id}</code>],
                ...(item.organizationId === undefined
                  ? []
                  : [
                      [
                        t('Organization'),
                        <Entity key="o" bare uid={{ type: 'Organization', id: String(item.organizationId) }} />,
                      ] as const,
                    ]),
                ...(item.kind === undefined ? [] : [[t('Kind'), t(item.kind as never)] as const]),
                [t('Created'), <Time key="c" ms={item.createdAtMs} />],
                [t('Changed'), <Time key="u" ms={item.updatedAtMs} />],
                [t('Revision'), item.revision],
              ]}
            />
            {noun.path === 'providers' && <ProviderPanel item={item} mayManage={may[0] === true} />}
            {noun.path === 'users' && <SignInOf id={id} state={state ?? ''} email={item.email as string | undefined} />}
            {!gone && <Edit key={item.id} noun={noun} item={item} readOnly={!may[0]} />}
            {noun.path === 'organizations' && <Inside id={id} />}
            {noun.path === 'applications' && <Lint id={id} />}
            {(noun.path === 'users' || noun.path === 'machines' || noun.path === 'groups') && <MemberOf id={id} />}
            {['users', 'groups', 'applications', 'providers'].includes(noun.path) ? (
              <Cli command={cliOf(noun, item, 'show')} />
            ) : (
              <Cli
                command={
                  noun.path === 'machines'
                    ? `gatehouse machine list --organization ${quote(String(item.organizationId))}`
                    : 'gatehouse organization list'
                }
              />
            )}
          </>
        )}
        {tab === 'members' && <Members group={item} />}
        {tab === 'sessions' && (
          <>
            <Sessions userId={id} />
            <IdentitiesOf userId={id} />
            <ApiKeys type="User" id={id} name={name} organizationId={item.organizationId as string | undefined} />
          </>
        )}
        {tab === 'secrets' && (
          <>
            <Secrets noun={noun} item={item} />
            {noun.path === 'machines' && (
              <ApiKeys type="Machine" id={id} name={name} organizationId={item.organizationId as string | undefined} />
            )}
          </>
        )}
        {tab === 'policies' && (
          <Policies owner={noun.path === 'organizations' ? ofSignIns(id, name) : ofApplication(id)} name={name} />
        )}
        {tab === 'registrations' && <Registrations id={id} name={name} />}
        {tab === 'branding' && <Branding item={item} name={name} readOnly={!may[0]} />}
        {tab === 'access' && (
          <>
            <Graph uid={uid} />
            <GrantsOf uid={uid} />
          </>
        )}
        {tab === 'history' && <History query={{ objectId: id }} empty={t('No event about this yet.')} />}
      </Suspense>
    </>
  )
}

/** For a person who is deleted: what the signed log still says of them. */
function EraseFromLog({ id }: { readonly id: string }) {
  const { t } = useWords()
  return (
    <ActButton
      act={{
        label: t('Erase from the log'),
        method: 'POST',
        path: '/api/audit/erasures',
        body: { userId: id },
        danger: true,
        asks: t('What the audit log says of this person is erased for good; the signed tree stays and verifies.'),
        typed: id,
        done: t('Erased'),
        more: <Cli command={`gatehouse audit erase ${quote(id)}`} />,
      }}
    />
  )
}

function Inside({ id }: { readonly id: string }) {
  const { t } = useWords()
  const places = [
    ['users', 'Users'],
    ['groups', 'Groups'],
    ['machines', 'Machines'],
    ['applications', 'Applications'],
    ['providers', 'Identity providers'],
  ] as const
  return (
    <p className="inside">
      {places.map(([path, label]) => (
        <Link key={path} className="button quiet" to={`/${path}?organization=${id}`}>
          {t(label)}
        </Link>
      ))}
    </p>
  )
}
