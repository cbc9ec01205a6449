import { type Static, Type } from '#kernel'
import type { CredentialNotes } from '../credentials/credential-notes.store.ts'
import { credentialsView, keysBody, showCredentials } from '../credentials/credentials.schema.ts'
import { authMethods } from '../credentials/credentials.ts'
import { closed, oneOf, stamps, text } from '../values/schema.ts'
import { type Application, applicationKinds, applicationStates, grantTypes, routeMethods } from './application.ts'
import { oauthBody, oauthView } from './oauth.schema.ts'

const texts = (maxLength: number, maxItems: number, description: string) =>
  Type.Array(text(maxLength), { maxItems, description })
const seconds = Type.Integer()
const route = closed({
  method: oneOf(routeMethods),
  path: text(1_024, 'As in /documents/:id; a last * stands for the rest'),
  action: text(128),
  resource: text(800, 'A Cedar entity filled from the path, as in Document::"{id}"'),
})
const uris = texts(2_048, 50, 'Compared by exact text; https, or http on loopback')
const origins = texts(300, 50, 'Where it is reached through a gateway')
const routes = Type.Array(route, { maxItems: 500 })

const members = {
  displayName: Type.Optional(text(400)),
  redirectUris: Type.Optional(uris),
  postLogoutRedirectUris: Type.Optional(uris),
  grantTypes: Type.Optional(Type.Array(oneOf(grantTypes), { uniqueItems: true })),
  authMethod: Type.Optional(oneOf(authMethods)),
  keys: keysBody,
  scopes: Type.Optional(texts(128, 100, 'Scopes it may ask for')),
  tokenLifetimes: Type.Optional(
    closed({
      accessTokenSeconds: Type.Optional(seconds),
      refreshTokenSeconds: Type.Optional(seconds),
      idTokenSeconds: Type.Optional(seconds),
    }),
  ),
  consentRequired: Type.Optional(Type.Boolean()),
  oauth: Type.Optional(oauthBody),
  origins: Type.Optional(origins),
  routes: Type.Optional(routes),
}

const name = text(63, 'Unique in the organization; a DNS label')
/** An application without its organization, as bodies and files say it. */
export const applicationBody = closed({ name, kind: oneOf(applicationKinds), ...members })
export const applicationChangeBody = closed({ name: Type.Optional(name), ...members })

export const applicationView = closed({
  id: Type.String({ description: 'Also its client_id' }),
  organizationId: Type.String(),
  name: Type.String(),
  displayName: Type.String(),
  kind: oneOf(applicationKinds),
  redirectUris: uris,
  postLogoutRedirectUris: uris,
  grantTypes: Type.Array(oneOf(grantTypes)),
  authMethod: oneOf(authMethods),
  ...credentialsView,
  scopes: Type.Array(Type.String()),
  tokenLifetimes: closed({ accessTokenSeconds: seconds, refreshTokenSeconds: seconds, idTokenSeconds: seconds }),
  consentRequired: Type.Boolean(),
  oauth: oauthView,
  origins,
  routes,
  state: oneOf(applicationStates),
  ...stamps,
})

export function showApplication(
  { credentials, ...application }: Application,
  notes?: CredentialNotes,
): Static<typeof applicationView> {
  const noteOf = (id: string) => notes?.of(application.id, id)
  const shown = { ...application, authMethod: credentials.authMethod, ...showCredentials(credentials, noteOf) }
  return shown as unknown as Static<typeof applicationView>
}
