import { Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import { CredentialNotes } from '../credentials/credential-notes.store.ts'
import { issueBody, issuedView } from '../credentials/credentials.schema.ts'
import type { DirectoryDeps } from '../deps.ts'
import { makePage, readLimit, readTextCursor } from '../values/page.ts'
import { readId, readOrganizationId } from '../values/query.ts'
import { closed, oneOf, pageOf, pageQuery, reasonBody, text } from '../values/schema.ts'
import { visibleOrganizations } from '../visible.ts'
import {
  applicationBody,
  applicationChangeBody,
  showApplication as show,
  applicationView as view,
} from './application.schema.ts'
import { listApplications, requireApplication } from './application.store.ts'
import { type Application, applicationKinds, applicationStates, parseApplicationId } from './application.ts'
import { issueApplicationSecret, revokeApplicationSecret } from './application-secrets.ts'
import { moveApplication, updateApplication } from './change-application.ts'
import { createApplication } from './create-application.ts'
import { lintApplication } from './lint-application.ts'

const params = closed({ applicationId: Type.String() })
/** Hundreds of routes and fifty long addresses. */
const bodyLimit = 1024 * 1024

export function applicationOperations(deps: DirectoryDeps): Operation[] {
  const { db } = deps.storage
  const transition = (verb: 'activate' | 'suspend', summary: string) =>
    operation({
      id: `applications.${verb}`,
      method: 'POST',
      url: `/api/applications/:applicationId/${verb}`,
      summary,
      access: { kind: 'action', action: 'updateApplication' },
      schemas: { params, body: reasonBody, reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const id = parseApplicationId(params.applicationId)
        const { value, at } = await moveApplication(deps, act, id, verb, { reason: body?.reason, ifRevision })
        return new Answer(show(value), { revision: value.revision, at })
      },
    })
  return [
    operation({
      id: 'applications.create',
      method: 'POST',
      url: '/api/applications',
      summary: 'Register an application; its id is its client_id',
      access: { kind: 'action', action: 'createApplication' },
      bodyLimit,
      schemas: { body: closed({ organizationId: Type.String(), ...applicationBody.properties }), reply: view },
      handle: async ({ act, body: { organizationId, ...input } }) => {
        const organization = readId('org', '/organizationId', organizationId)
        const { value, at } = await createApplication(deps, act, organization, input)
        const location = `/api/applications/${value.id}`
        return new Answer(show(value), { status: 201, revision: value.revision, at, location })
      },
    }),
    operation({
      id: 'applications.list',
      method: 'GET',
      url: '/api/applications',
      summary: 'Applications that you may view, by organization and name; deleted ones only when asked for by state',
      access: { kind: 'action', action: 'viewApplication' },
      schemas: {
        query: closed({
          organizationId: Type.Optional(Type.String()),
          state: Type.Optional(oneOf(applicationStates)),
          name: Type.Optional(text(63, 'Exactly this name')),
          prefix: Type.Optional(text(63, 'Names that begin so')),
          kind: Type.Optional(oneOf(applicationKinds)),
          ...pageQuery,
        }),
        reply: pageOf(view),
      },
      handle: async ({ act, query: { organizationId, limit: asked, cursor, ...filter } }) => {
        const limit = readLimit(asked)
        const after = readTextCursor('applications', cursor, ['string', 'string', 'string'])
        const organization = readOrganizationId(organizationId)
        const organizationIds = await visibleOrganizations(deps, act, 'viewApplication', organization)
        const rows = await listApplications(db, { ...filter, organizationIds }, { after, limit: limit + 1 })
        const notes = await CredentialNotes.read(
          db,
          rows.map(({ id }) => id),
        )
        const keyOf = (row: Application) => [row.organizationId, row.name, row.id]
        return makePage('applications', limit, rows, keyOf, (row) => show(row, notes))
      },
    }),
    operation({
      id: 'applications.lint',
      method: 'GET',
      url: '/api/applications/:applicationId/lint',
      summary: 'What of an application is allowed and unwise, each with its fix',
      access: { kind: 'action', action: 'viewApplication' },
      schemas: {
        params,
        reply: closed({
          findings: Type.Array(
            closed({ rule: Type.String(), pointer: Type.String(), says: Type.String(), fix: Type.String() }),
          ),
        }),
      },
      handle: async ({ act, params }) => {
        const found = await requireApplication(db, parseApplicationId(params.applicationId))
        deps.gate.require(act, 'viewApplication', { type: 'Application', id: found.id })
        return { findings: lintApplication(found, deps.clock.nowMs()) }
      },
    }),
    operation({
      id: 'applications.get',
      method: 'GET',
      url: '/api/applications/:applicationId',
      summary: 'One application',
      access: { kind: 'action', action: 'viewApplication' },
      schemas: { params, reply: view },
      handle: async ({ act, params }) => {
        const found = await requireApplication(db, parseApplicationId(params.applicationId))
        deps.gate.require(act, 'viewApplication', { type: 'Application', id: found.id })
        const notes = await CredentialNotes.read(db, [found.id])
        return new Answer(show(found, notes), { revision: found.revision })
      },
    }),
    operation({
      id: 'applications.update',
      method: 'PATCH',
      url: '/api/applications/:applicationId',
      summary: 'Change the members that are given; lists are replaced whole',
      access: { kind: 'action', action: 'updateApplication' },
      bodyLimit,
      schemas: { params, body: applicationChangeBody, reply: view },
      handle: async ({ act, params, body, ifRevision }) => {
        const id = parseApplicationId(params.applicationId)
        const { value, at } = await updateApplication(deps, act, id, body, ifRevision)
        return new Answer(show(value), { revision: value.revision, at })
      },
    }),
    transition('suspend', 'Stop an application for now: its tokens end'),
    transition('activate', 'Let a suspended application work again'),
    operation({
      id: 'applications.delete',
      method: 'DELETE',
      url: '/api/applications/:applicationId',
      summary: 'Delete an application; a tombstone stays',
      access: { kind: 'action', action: 'deleteApplication' },
      schemas: { params },
      handle: async ({ act, params, ifRevision }) => {
        const id = parseApplicationId(params.applicationId)
        const { at } = await moveApplication(deps, act, id, 'delete', { ifRevision })
        return new Answer(undefined, { at })
      },
    }),
    operation({
      id: 'applications.issueSecret',
      method: 'POST',
      url: '/api/applications/:applicationId/secrets',
      summary: 'Issue a client secret; former ones end at once or after the overlap',
      access: { kind: 'action', action: 'issueClientSecret' },
      schemas: { params, body: issueBody, reply: issuedView },
      handle: async ({ act, params, body }) => {
        const id = parseApplicationId(params.applicationId)
        const { value, at } = await issueApplicationSecret(deps, act, id, body ?? {})
        const reply = { clientId: id, secretId: value.secretId, secret: value.secret.reveal() }
        return new Answer(reply, { status: 201, at })
      },
    }),
    operation({
      id: 'applications.revokeSecret',
      method: 'DELETE',
      url: '/api/applications/:applicationId/secrets/:secretId',
      summary: 'Revoke a client secret at once',
      access: { kind: 'action', action: 'issueClientSecret' },
      schemas: { params: closed({ applicationId: Type.String(), secretId: Type.String() }) },
      handle: async ({ act, params }) => {
        const id = parseApplicationId(params.applicationId)
        const { at } = await revokeApplicationSecret(deps, act, id, params.secretId)
        return new Answer(undefined, { at })
      },
    }),
  ]
}
