// An application that people sign in to. Needs GATEHOUSE_URL, CLIENT_ID, CLIENT_SECRET and PORT.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import * as openid from 'openid-client'

const { GATEHOUSE_URL = 'http://localhost:8080', CLIENT_ID = '', CLIENT_SECRET = '', PORT = '3000' } = process.env
const home = `http://localhost:${PORT}`
const redirect_uri = `${home}/callback`
// Only for trying out on this machine: elsewhere Gatehouse is https, and this option goes.
const options = GATEHOUSE_URL.startsWith('http://localhost') ? { execute: [openid.allowInsecureRequests] } : {}
const gatehouse = await openid.discovery(new URL(GATEHOUSE_URL), CLIENT_ID, CLIENT_SECRET, undefined, options)

interface Visit {
  verifier?: string
  state?: string
  name?: string
  idToken?: string
}
const visits = new Map<string, Visit>()

createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', home)
  const id = /visit=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1] ?? randomUUID()
  const visit = visits.get(id) ?? {}
  visits.set(id, visit)
  const go = (location: string) =>
    response.writeHead(303, { location, 'set-cookie': `visit=${id}; HttpOnly; SameSite=Lax; Path=/` }).end()

  if (url.pathname === '/callback') {
    const tokens = await openid.authorizationCodeGrant(gatehouse, url, {
      pkceCodeVerifier: visit.verifier,
      expectedState: visit.state,
    })
    const claims = tokens.claims()
    visits.set(id, { name: String(claims?.name ?? claims?.preferred_username), idToken: tokens.id_token })
    return go(home)
  }
  if (url.pathname === '/sign-out' && visit.idToken !== undefined) {
    visits.delete(id)
    return go(openid.buildEndSessionUrl(gatehouse, { id_token_hint: visit.idToken }).href)
  }
  if (visit.name !== undefined) return response.end(`Hello ${visit.name}`)

  visit.verifier = openid.randomPKCECodeVerifier()
  visit.state = openid.randomState()
  const code_challenge = await openid.calculatePKCECodeChallenge(visit.verifier)
  const asked = {
    redirect_uri,
    scope: 'openid profile',
    state: visit.state,
    code_challenge,
    code_challenge_method: 'S256',
  }
  return go(openid.buildAuthorizationUrl(gatehouse, asked).href)
})
  .on('error', (error) => console.error(error.message))
  .listen(Number(PORT), '127.0.0.1', () => console.log(`Listening on ${home}`))
