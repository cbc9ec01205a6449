import { join } from 'node:path'
import { after } from 'node:test'
import type { Gate } from '#authorization'
import {
  type Application,
  type ApplicationInput,
  addApplication,
  addApplicationSecret,
  addMachine,
  addMachineSecret,
  addUser,
  CredentialUses,
  ensureHomeOrganization,
  type Machine,
  type MachineInput,
  moveUserIn,
  type Organization,
  type User,
} from '#directory'
import { Feed, type FeedEvent, listEvents } from '#feed'
import { type Clock, Meter, type OrganizationId, systemEntropy } from '#kernel'
import { type Keyring, openKeyring } from '#keyring'
import { openStorage, type Storage } from '#storage'
import {
  directoryClients,
  directoryPeople,
  openTokens,
  type SignInSession,
  type TokenPages,
  type Tokens,
  type TokensDeps,
  trustingMachines,
} from '#tokens'
import { createWeb, makeLogger, Outgoing, type Web } from '#web'
import { migrations } from '../../src/migrations.ts'
import { systemAct, testGate } from './directory.ts'
import type { Scratch } from './engines.ts'
import { numberAllEvents } from './number-events.ts'
import { freePort } from './ports.ts'

/** The real time, moved. The provider reads the real one by itself. */
export class MovedClock implements Clock {
  movedMs = 0
  nowMs(): number {
    return Date.now() + this.movedMs
  }
}

/** Pages as data, so that a test reads what they would show. */
const pagesAsJson: TokenPages = {
  languages: ['en', 'ar'],
  consent: async (_request, page) => ({ html: JSON.stringify({ page: 'consent', ...page }), headers: {} }),
  signOut: async (_request, page) => ({ html: JSON.stringify({ page: 'signOut', ...page }), headers: {} }),
  deviceCode: async (_request, page) => ({ html: JSON.stringify({ page: 'deviceCode', ...page }), headers: {} }),
  deviceConfirm: async (_request, page) => ({ html: JSON.stringify({ page: 'deviceConfirm', ...page }), headers: {} }),
  deviceDone: async (_request, page) => ({ html: JSON.stringify({ page: 'deviceDone', ...page }), headers: {} }),
  requests: async (_request, page) => ({ html: JSON.stringify({ page: 'requests', ...page }), headers: {} }),
  applications: async (_request, page) => ({ html: JSON.stringify({ page: 'applications', ...page }), headers: {} }),
  signedOut: async () => ({ html: JSON.stringify({ page: 'signedOut' }), headers: {} }),
  onward: async (_request, address) => ({ html: JSON.stringify({ page: 'onward', address }), headers: {} }),
  refused: async (_request, page) => ({ html: JSON.stringify({ page: 'refused', ...page }), headers: {} }),
}

export interface TokensFixture {
  readonly url: string
  readonly clock: MovedClock
  readonly storage: Storage
  readonly feed: Feed
  readonly keyring: Keyring
  readonly tokens: Tokens
  readonly web: Web
  readonly meter: Meter
  readonly home: Organization
  readonly errors: unknown[]
  /** Every line that was logged. */
  readonly logged: string[]
  addClient(input: Partial<ApplicationInput> & { name: string }): Promise<{ application: Application; secret: string }>
  addMachine(input: MachineInput): Promise<{ machine: Machine; secret: string }>
  /** @param organization default: home */
  addPerson(username: string, organization?: OrganizationId): Promise<User>
  /** A signed-in browser's cookie. */
  signIn(user: User, more?: Partial<SignInSession>): { cookie: string; session: SignInSession }
  endSession(id: string): void
  events(type?: string): Promise<FeedEvent[]>
  close(): Promise<void>
}

// What a failed test left open, so that its file ends.
const open = new Set<() => Promise<void>>()
after(async () => {
  for (const close of open) await close().catch(() => undefined)
})

/** The token service over the real directory and keyring, with sessions that a test begins and ends. */
export async function openTokensFixture(
  scratch: Scratch,
  options: {
    gate?: Gate
    refreshGraceMs?: number
    port?: number
    certificates?: TokensDeps['certificates']
    requestsPerSecond?: number
    spoolDirectory?: string
    outgoing?: TokensDeps['outgoing']
    /** Default: not; a key of RSA takes long. */
    offerRs256?: boolean
    wrapStorage?: (storage: Storage) => Storage
  } = {},
): Promise<TokensFixture> {
  const clock = new MovedClock()
  const entropy = systemEntropy
  const meter = new Meter()
  const errors: unknown[] = []
  const logged: string[] = []
  const onError = (_where: string, error: unknown) => void errors.push(error)
  const storage = await openStorage(scratch.address, { clock, migrations })
  const feed = new Feed({ storage, clock, meter, onError })
  const rootKeyFile = join(scratch.directory, 'root.key')
  const keyring = await openKeyring({ storage, feed, clock, entropy, meter, rootKeyFile, onError })
  const home = await ensureHomeOrganization({ storage, clock, entropy })
  const port = options.port ?? (await freePort())
  const url = `http://localhost:${port}`
  const logger = makeLogger('trace', { write: (line: string) => void logged.push(line) })
  const web = await createWeb({ url, trustedProxies: [], logger, clock, entropy, meter, storage, keyring })

  const uses = new CredentialUses({ storage, clock })
  const sessions = new Map<string, SignInSession>()
  const live = (id: string | undefined) => {
    const session = id === undefined ? undefined : sessions.get(id)
    return session !== undefined && session.expiresAtMs > clock.nowMs() ? session : undefined
  }
  const tokens = await openTokens({
    url,
    storage: options.wrapStorage?.(storage) ?? storage,
    feed,
    clock,
    meter,
    signer: keyring,
    gate: options.gate ?? testGate().gate,
    machinesTrusting: (issuer) => trustingMachines({ db: storage.db }, issuer),
    clients: directoryClients({ db: storage.db, clock, uses }),
    uses,
    people: directoryPeople({ db: storage.db, clock }),
    sessions: {
      ofRequest: async (request) => live(request.cookies['test-session']),
      find: async (id) => live(id),
      end: async (_act, id) => void sessions.delete(id),
    },
    pages: pagesAsJson,
    sealer: keyring,
    directory: { storage, clock, entropy, gate: testGate().gate },
    isActive: () => true,
    isAction: () => true,
    registration: true,
    ensureKey: (algorithm) => keyring.ensure(algorithm),
    offerRs256: options.offerRs256 ?? false,
    outgoing: options.outgoing ?? new Outgoing(['127.0.0.1']),
    onError,
    ...(options.spoolDirectory !== undefined && { spoolDirectory: options.spoolDirectory }),
    ...(options.requestsPerSecond !== undefined && { requestsPerSecond: options.requestsPerSecond }),
    ...(options.certificates !== undefined && { certificates: options.certificates }),
    ...(options.refreshGraceMs !== undefined && { refreshGraceMs: options.refreshGraceMs }),
  })
  await tokens.attach(web)
  web.app.get('/test/whoami', async (request) => (await web.actOf(request)).actor)
  await web.app.listen({ host: '127.0.0.1', port })

  const deps = { storage, clock, entropy, gate: testGate().gate }
  const close = async () => {
    open.delete(close)
    web.app.server.closeAllConnections()
    await web.app.close()
    await tokens.close()
    await keyring.close()
    await feed.close()
    await storage.close()
  }
  open.add(close)
  return {
    url,
    clock,
    storage,
    feed,
    keyring,
    tokens,
    web,
    meter,
    home,
    errors,
    logged,
    addClient: (input) =>
      storage.transact(async (tx) => {
        const kind = input.kind ?? 'web'
        const defaults =
          kind === 'service' ? {} : { redirectUris: ['https://app.example/callback'], consentRequired: false }
        const application = await addApplication(tx, deps, systemAct, home.id, { kind, ...defaults, ...input })
        if (application.credentials.authMethod !== 'client_secret_basic') return { application, secret: '' }
        const { secret } = await addApplicationSecret(tx, deps, systemAct, application.id)
        return { application, secret: secret.reveal() }
      }),
    addMachine: (input) =>
      storage.transact(async (tx) => {
        const made = await addMachine(tx, deps, systemAct, home.id, input)
        const { machine, secret } = await addMachineSecret(tx, deps, systemAct, made.id)
        return { machine, secret: secret.reveal() }
      }),
    addPerson: (username, organization = home.id) =>
      storage.transact(async (tx) => {
        const email = `${username}@example.com`
        const user = await addUser(tx, deps, systemAct, organization, { username, email, displayName: username })
        return moveUserIn(tx, deps, systemAct, user.id, 'activate')
      }),
    signIn: (user, more = {}) => {
      const id = `ses_${Math.random().toString(36).slice(2)}`
      const session: SignInSession = {
        id,
        userId: user.id,
        authenticatedAtMs: clock.nowMs(),
        expiresAtMs: clock.nowMs() + 3_600_000,
        amr: ['pwd'],
        acr: 'urn:gatehouse:acr:1',
        ...more,
      }
      sessions.set(session.id, session)
      return { cookie: `test-session=${session.id}`, session }
    },
    endSession: (id) => void sessions.delete(id),
    events: async (type) => {
      await numberAllEvents(storage)
      return listEvents(storage.db, 0, 100_000, type === undefined ? {} : { type })
    },
    close,
  }
}

/** A form to the token endpoint with the client's credentials in the header (RFC 6749 §2.3.1). */
export async function postForm(
  url: string,
  form: Record<string, string>,
  client?: { id: string; secret: string },
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const authorization = client && `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`
  const response = await fetch(url, {
    method: 'POST',
    redirect: 'manual',
    headers: { ...(authorization !== undefined && { authorization }), ...headers },
    body: new URLSearchParams(form),
  })
  const text = await response.text()
  const body = text.startsWith('{') ? JSON.parse(text) : { text }
  return { status: response.status, body, headers: response.headers }
}
