import { readFileSync } from 'node:fs'
import { Failure, usage } from '../../failure.ts'

/** Where a workload has the token that its own platform signs for it. */
export const platforms = ['github', 'gitlab', 'google', 'azure', 'file'] as const
export type Platform = (typeof platforms)[number]

export interface AssertionOptions {
  readonly from?: string
  readonly file?: string
  /** What the token must be addressed to. */
  readonly audience: string
  readonly environment: NodeJS.ProcessEnv
}

const usualFile = '/var/run/secrets/tokens/gatehouse'

/**
 * The platform's token for this workload: of the job in GitHub Actions, of `id_tokens` in GitLab CI, of the instance in Google Cloud
 * or Azure, or in a file, as Kubernetes projects it.
 * @throws {Failure} when there is none
 */
export async function findAssertion(options: AssertionOptions): Promise<string> {
  const { environment, audience } = options
  switch (options.from ?? detect(options)) {
    case 'github':
      return fromGithub(environment, audience)
    case 'gitlab':
      return fromVariable(environment, 'GATEHOUSE_ID_TOKEN')
    case 'google': {
      const address = 'http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/identity'
      const query = new URLSearchParams({ audience, format: 'full' })
      return (await get(`${address}?${query}`, { 'metadata-flavor': 'Google' })).trim()
    }
    case 'azure': {
      const query = new URLSearchParams({ 'api-version': '2018-02-01', resource: audience })
      const text = await get(`http://169.254.169.254/metadata/identity/oauth2/token?${query}`, { metadata: 'true' })
      return member(text, 'access_token')
    }
    case 'file':
      return fromFile(options.file ?? usualFile)
    default:
      throw usage(
        'No token of this platform was found',
        'Say where it is: --from github, gitlab, google or azure, or --file PATH',
      )
  }
}

function detect({ file, environment }: AssertionOptions): Platform | undefined {
  if (file !== undefined) return 'file'
  if (environment.ACTIONS_ID_TOKEN_REQUEST_URL !== undefined) return 'github'
  if (environment.GATEHOUSE_ID_TOKEN !== undefined) return 'gitlab'
  try {
    readFileSync(usualFile)
    return 'file'
  } catch {
    return undefined
  }
}

async function fromGithub(environment: NodeJS.ProcessEnv, audience: string): Promise<string> {
  const address = environment.ACTIONS_ID_TOKEN_REQUEST_URL
  const token = environment.ACTIONS_ID_TOKEN_REQUEST_TOKEN
  if (address === undefined || token === undefined)
    throw new Failure('This job may not ask GitHub for a token', { next: 'Give it "permissions: id-token: write"' })
  const url = new URL(address)
  url.searchParams.set('audience', audience)
  return member(await get(url.href, { authorization: `Bearer ${token}` }), 'value')
}

function fromVariable(environment: NodeJS.ProcessEnv, name: string): string {
  const token = environment[name]
  if (token === undefined || token === '')
    throw new Failure(`${name} is not set`, { next: `Declare it in the job: id_tokens: { ${name}: { aud: … } }` })
  return token
}

function fromFile(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8').trim()
  } catch (cause) {
    throw new Failure(`The token cannot be read from ${path}`, { cause, detail: (cause as Error).message })
  }
}

async function get(address: string, headers: Record<string, string>): Promise<string> {
  let response: Response
  try {
    response = await fetch(address, { headers, redirect: 'error', signal: AbortSignal.timeout(10_000) })
  } catch (cause) {
    throw new Failure(`${new URL(address).origin} does not answer`, { cause })
  }
  if (!response.ok) throw new Failure(`${new URL(address).origin} gave no token: it answered ${response.status}`)
  return response.text()
}

function member(text: string, name: string): string {
  try {
    const value = (JSON.parse(text) as Record<string, unknown>)[name]
    if (typeof value === 'string' && value !== '') return value
  } catch {
    // Told below.
  }
  throw new Failure('The platform gave an answer without a token')
}
