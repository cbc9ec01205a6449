import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'

/** An issuer of somebody else's on loopback, with discovery and keys as GitHub's, GitLab's or a cluster's has them. */
export class OutsideIssuer {
  readonly asked: string[] = []
  isAway = false
  cacheControl = 'max-age=300'
  readonly #server = createServer((request, response) => {
    this.asked.push(request.url ?? '')
    if (this.isAway) return void response.writeHead(503).end('away')
    const found: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: this.url, jwks_uri: `${this.url}/jwks` },
      '/jwks': { keys: this.published },
    }
    const body = found[request.url ?? '']
    if (body === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': this.cacheControl })
    response.end(JSON.stringify(body))
  })
  url = ''
  published: JWK[] = []
  #key!: Awaited<ReturnType<typeof generateKeyPair>>['privateKey']
  #kid = ''

  static async open(): Promise<OutsideIssuer> {
    const issuer = new OutsideIssuer()
    await new Promise<void>((resolve) => issuer.#server.listen(0, '127.0.0.1', resolve))
    issuer.url = `http://127.0.0.1:${(issuer.#server.address() as AddressInfo).port}`
    await issuer.rotate('key-1')
    return issuer
  }

  /** Signs with a new key from now on, published beside the old ones. */
  async rotate(kid: string): Promise<void> {
    const { privateKey, publicKey } = await generateKeyPair('RS256')
    this.#key = privateKey
    this.#kid = kid
    this.published.push({ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' })
  }

  sign(claims: JWTPayload, header: { kid?: string; alg?: string } = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1_000)
    return new SignJWT({ iss: this.url, iat: now, exp: now + 300, ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: this.#kid, ...header })
      .sign(this.#key)
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** Claims as GitHub Actions puts them into the token of a job (docs.github.com, "OpenID Connect reference"). */
export const githubClaims = (audience: string): JWTPayload => ({
  sub: 'repo:acme/app:ref:refs/heads/main',
  aud: audience,
  jti: crypto.randomUUID(),
  ref: 'refs/heads/main',
  sha: '0'.repeat(40),
  repository: 'acme/app',
  repository_owner: 'acme',
  repository_id: '74',
  run_id: '1',
  run_attempt: '1',
  workflow: 'deploy',
  job_workflow_ref: 'acme/app/.github/workflows/deploy.yml@refs/heads/main',
  environment: 'production',
  event_name: 'push',
  ref_type: 'branch',
  runner_environment: 'github-hosted',
})
