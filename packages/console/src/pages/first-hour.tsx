import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { ApiError, get, newKey, send } from '../api/client.ts'
import type { Activation, Explained, Page } from '../api/types.ts'
import { useMe } from '../app/me.tsx'
import { Link, useInAddress } from '../app/router.tsx'
import { Pick } from '../parts/pick.tsx'
import { ProblemNote } from '../parts/problem.tsx'
import { Cli, Field, State } from '../parts/small.tsx'
import { useWords } from '../words/words.tsx'
import { firstFiles } from './first-files.ts'
import type { Item } from './noun.ts'

const firstOrigin = 'http://documents.localhost:9080'

/** From the first administrator to the first protected route; each step is checked on the live system, not ticked off. */
export default function FirstHourPage() {
  const { t } = useWords()
  const me = useMe()
  const client = useQueryClient()
  const [chosen, choose] = useInAddress('application')
  const factors = useQuery({
    queryKey: ['me-full'],
    queryFn: ({ signal }) => get<{ factors: { passkeys: object[]; totpEnrolledAtMs?: number } }>('/api/me', signal),
  })
  const organizations = useQuery({
    queryKey: ['list', 'first-organizations'],
    queryFn: ({ signal }) => get<Page<Item>>('/api/organizations?limit=5', signal),
  })
  const applications = useQuery({
    queryKey: ['list', 'first-applications'],
    queryFn: ({ signal }) => get<Page<Item>>('/api/applications?limit=5', signal),
  })
  const id =
    chosen ||
    applications.data?.items.find(({ organizationId }) => organizationId === me.organization.id)?.id ||
    applications.data?.items[0]?.id
  const application = useQuery({
    queryKey: ['one', 'applications', id],
    queryFn: ({ signal }) => get<Item>(`/api/applications/${id}`, signal),
    enabled: id !== undefined,
  })
  const policies = useQuery({
    queryKey: ['first-policies', id],
    queryFn: ({ signal }) =>
      send<Activation>('GET', `/api/applications/${id}/policies`, { signal }).then(
        ({ body }) => body,
        (error) => {
          if (error instanceof ApiError && error.problem.code === 'policies.none_active') return null
          throw error
        },
      ),
    enabled: id !== undefined,
  })
  const refresh = () => client.invalidateQueries()
  const apply = useMutation({
    mutationFn: () =>
      send('PUT', `/api/applications/${id}/policies`, {
        body: { files: firstFiles, comment: 'The first hour' },
        once: newKey(),
      }),
    onSuccess: refresh,
  })
  const protect = useMutation({
    mutationFn: () =>
      send('PATCH', `/api/applications/${id}`, {
        body: {
          origins: [firstOrigin],
          routes: [{ method: 'GET', path: '/documents/:id', action: 'read', resource: 'Document::"{id}"' }],
        },
        ifRevision: application.data?.revision,
        once: newKey(),
      }),
    onSuccess: refresh,
  })
  const origins = (application.data?.origins as string[] | undefined) ?? []
  const routes = (application.data?.routes as object[] | undefined) ?? []
  const strong =
    (factors.data?.factors.passkeys.length ?? 0) > 0 || factors.data?.factors.totpEnrolledAtMs !== undefined
  return (
    <>
      <header className="top">
        <h1 tabIndex={-1}>{t('First hour')}</h1>
      </header>
      <p className="lead">
        {t('Six steps from here to a route that nobody passes without a right. Each is checked on the live system.')}
      </p>
      <ol className="steps">
        <Step title={t('You, with a second factor')} done={strong}>
          <p>
            {t(
              'Whoever administers Gatehouse proves more than a password. A second passkey on another device is your spare key.',
            )}
          </p>
          <a className="button quiet" href="/account">
            {t('My account')}
          </a>
        </Step>
        <Step title={t('Organization')} done={(organizations.data?.items.length ?? 0) > 0}>
          <p>
            {t('You are in {name}. Make another organization for each tenant, or stay here to try.', {
              name: me.organization.displayName,
            })}
          </p>
          <Link className="button quiet" to="/organizations?new=1">
            {t('New organization')}
          </Link>
        </Step>
        <Step title={t('First application')} done={id !== undefined}>
          <p>{t('An application is what people sign in to and what policies protect. Register the first one.')}</p>
          <Link className="button quiet" to="/applications?new=1">
            {t('New application')}
          </Link>
          {(applications.data?.items.length ?? 0) > 1 && (
            <Field label={t('Go on with')}>
              {(ids) => <Pick {...ids} list="applications" type="Application" value={id ?? ''} onChange={choose} />}
            </Field>
          )}
        </Step>
        <Step title={t('First policy')} done={policies.data !== undefined && policies.data !== null}>
          <p>
            {t(
              'A schema says what there is, policies say who may. The example lets owners do everything with their documents.',
            )}
          </p>
          {id !== undefined && policies.data === null && (
            <button type="button" className="main" disabled={apply.isPending} onClick={() => apply.mutate()}>
              {t('Put the example in force')}
            </button>
          )}
          <ProblemNote error={apply.error} />
          {id !== undefined && (
            <Link className="button quiet" to={`/applications/${id}?tab=policies`}>
              {t('Policies')}
            </Link>
          )}
        </Step>
        <Step title={t('First protected route')} done={origins.length > 0 && routes.length > 0}>
          <p>
            {t(
              'A gateway in front of your service asks Gatehouse about each request. Say which address and which paths.',
            )}
          </p>
          {id !== undefined && routes.length === 0 && (
            <button type="button" className="main" disabled={protect.isPending} onClick={() => protect.mutate()}>
              {t('Protect {origin}', { origin: firstOrigin })}
            </button>
          )}
          <ProblemNote error={protect.error} />
          {id !== undefined && (
            <Link className="button quiet" to={`/applications/${id}`}>
              {t('Change origins and routes')}
            </Link>
          )}
        </Step>
        {application.data !== undefined && policies.data && routes.length > 0 && (
          <LiveCheck application={application.data} origin={origins[0] ?? ''} />
        )}
      </ol>
    </>
  )
}

function Step({
  title,
  done,
  children,
}: {
  readonly title: string
  readonly done: boolean
  readonly children: ReactNode
}) {
  return (
    <li className="card">
      <h2>
        {title} <State of={done ? 'done' : 'to do'} />
      </h2>
      {children}
    </li>
  )
}

/** Asks the gateway's own door as nobody, and the policies as somebody: the one must be refused, the other may pass. */
function LiveCheck({ application, origin }: { readonly application: Item; readonly origin: string }) {
  const { t } = useWords()
  const me = useMe()
  const [userId, setUser] = useState(application.organizationId === me.organization.id ? me.id : '')
  const checking = useMutation({
    mutationFn: async () => {
      const uid = { type: 'Document', id: 'welcome' }
      const owner = { __entity: { type: 'User', id: userId } }
      await send('POST', `/api/applications/${application.id}/entities`, {
        body: { put: [{ uid, attrs: { owner } }] },
        once: newKey(),
      })
      const { host, protocol } = new URL(origin)
      const nobody = await fetch('/forward-auth', {
        credentials: 'omit',
        redirect: 'manual',
        headers: {
          'x-forwarded-method': 'GET',
          'x-forwarded-proto': protocol.slice(0, -1),
          'x-forwarded-host': host,
          'x-forwarded-uri': '/documents/welcome',
        },
      })
      const body = {
        applicationId: application.id,
        subject: { type: 'User', id: userId },
        action: 'read',
        resource: uid,
      }
      const somebody = await send<Explained>('POST', '/api/decisions/explain', { body })
      return { refused: nobody.status !== 200, status: nobody.status, allowed: somebody.body.decision }
    },
  })
  const found = checking.data
  const query = new URLSearchParams({
    application: application.id,
    subjectType: 'User',
    subjectId: userId,
    action: 'read',
    resourceType: 'Document',
    resourceId: 'welcome',
  })
  return (
    <Step title={t('It holds')} done={found?.refused === true && found.allowed}>
      <p>
        {t(
          'The check makes the document “welcome” with an owner, then asks as nobody at the gateway’s door and as the owner.',
        )}
      </p>
      <Field label={t('Owner')}>
        {(ids) => (
          <Pick
            {...ids}
            list="users"
            type="User"
            organizationId={String(application.organizationId)}
            value={userId}
            onChange={setUser}
          />
        )}
      </Field>
      <button
        type="button"
        className="main"
        disabled={userId === '' || checking.isPending}
        onClick={() => checking.mutate()}
      >
        {t('Check now')}
      </button>
      <ProblemNote error={checking.error} />
      {found !== undefined && (
        <div role="status">
          <p>{t('As nobody: {answer}', { answer: found.refused ? t('refused') : t('let through') })}</p>
          <p>
            {t('As the owner: {answer}', { answer: found.allowed ? t('let through') : t('refused') })}{' '}
            <Link to={`/can-she?${query}`}>{t('Why?')}</Link>
          </p>
        </div>
      )}
      <Cli command="npm run gateway" />
    </Step>
  )
}
