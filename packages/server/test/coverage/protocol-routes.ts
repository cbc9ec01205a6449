import { protocolRoutes } from '#tokens'

/** A route that is no operation, and why nobody's role decides about it. A `*` at the end stands for any rest. */
export interface UndecidedRoute {
  readonly url: string
  readonly why: string
}

const page = 'a page of the browser whose session or one-time link it is about; forms carry its own secret'

/** INVARIANT: every route of the server is an operation or stands here: `permission-matrix.test.ts` fails otherwise. */
export const undecidedRoutes: readonly UndecidedRoute[] = [
  { url: '/access/v1/evaluation', why: 'AuthZEN: the caller needs `decide` on the application it asks' },
  { url: '/access/v1/evaluations', why: 'AuthZEN: the caller needs `decide` on the application it asks' },
  { url: '/access/v1/plan', why: 'the caller needs `planAccess` on the application it asks' },
  { url: '/access/v1/search/*', why: 'AuthZEN: the caller needs `searchAccess` on the application it asks' },
  {
    url: '/access/v1/revocations',
    why: 'what no longer counts in the caller’s own organization, for who checks tokens itself',
  },
  { url: '/access/v1/replica', why: 'local decisions: the caller needs `replicate` on the application' },
  {
    url: '/access/v1/identity',
    why: 'identities for a gateway beside a replica: the caller needs `replicate` on the application',
  },
  { url: '/access/v1/journal', why: 'decisions made locally: the caller needs `replicate` on the application' },
  { url: '/.well-known/authzen-configuration', why: 'AuthZEN discovery: public addresses' },
  {
    url: '/forward-auth',
    why: 'a gateway’s question: answers by the policies of the application whose origin is asked for',
  },
  {
    url: '/ext-authz*',
    why: 'the same question as Envoy asks it over HTTP: answers by the policies of the application whose origin is asked for',
  },
  { url: '/gateway/continue', why: 'the browser’s own session is taken to a registered origin' },
  {
    url: '/status-lists/:list',
    why: 'which tokens of a list were revoked: says nothing but to who holds one of them (Token Status List §8)',
  },
  { url: '/console*', why: 'the console’s page and files, the same for everybody: what it shows comes from the API' },
  { url: '/assets/*', why: 'style sheets and scripts of the pages' },
  { url: '/sign-in*', why: 'who signs in has no identity yet' },
  { url: '/sign-out', why: page },
  { url: '/setup', why: page },
  { url: '/invitation', why: page },
  { url: '/reset', why: page },
  { url: '/recovery', why: page },
  { url: '/recovery/password', why: page },
  { url: '/forgotten', why: page },
  { url: '/enrol*', why: page },
  { url: '/account*', why: page },
  { url: '/register*', why: page },
  { url: '/brand/*', why: 'logo and colours of an organization, which its sign-in pages show to anybody' },
  { url: '/language', why: 'anybody chooses the language of the pages they read' },
  { url: '/oauth/consent/:uid', why: page },
  { url: '/oauth/requests*', why: page },
  {
    url: '/oauth/register*',
    why: 'dynamic registration: an initial or registration access token (RFC 7591 3, RFC 7592 2)',
  },
  { url: '/.well-known/oauth-protected-resource*', why: 'public facts of who takes which tokens (RFC 9728)' },
  ...protocolRoutes.map(({ url, why }) => ({ url, why: `OAuth and OpenID Connect: ${why}` })),
]

export function whyUndecided(url: string): string | undefined {
  return undecidedRoutes.find((route) =>
    route.url.endsWith('*') ? url.startsWith(route.url.slice(0, -1)) : route.url === url,
  )?.why
}
