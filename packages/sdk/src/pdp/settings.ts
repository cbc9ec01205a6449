import type { Bound, Bounds } from '../local/bounds.ts'

export interface PdpSettings {
  readonly url: string
  readonly application: string
  readonly clientId: string
  readonly secretFile: string
  readonly journal: string | undefined
  readonly bounds: Bounds
  /** Where Envoy is answered over gRPC. */
  readonly extAuthz: { readonly host: string; readonly port: number } | undefined
  /** Whether gateways are given a signed identity, which the server is asked for about once a minute and token. */
  readonly identity: 'server' | 'none'
  /** How often gateways may ask for one principal, client or address, as `GATEHOUSE_EDGE_LIMITS` says it. */
  readonly edgeLimits: string
  /** Names under which it is reached beside `localhost`, its address and names of one word. */
  readonly hosts: ReadonlySet<string>
  readonly host: string
  readonly port: number
}

/** Settings from the environment, as `gatehouse pdp` hands them on. @throws {Error} naming the one that is wrong */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): PdpSettings {
  const need = (name: string): string => {
    const text = environment[name]
    if (text === undefined || text === '') throw new Error(`${name} is missing`)
    return text
  }
  const application = need('GATEHOUSE_APPLICATION')
  const identity = environment.GATEHOUSE_PDP_IDENTITY || 'server'
  if (identity !== 'server' && identity !== 'none') throw new Error('GATEHOUSE_PDP_IDENTITY must be server or none')
  const extAuthz = environment.GATEHOUSE_PDP_EXT_AUTHZ_LISTEN
  return {
    url: need('GATEHOUSE_URL'),
    application,
    clientId: environment.GATEHOUSE_CLIENT_ID || application,
    secretFile: need('GATEHOUSE_CLIENT_SECRET_FILE'),
    journal: environment.GATEHOUSE_PDP_JOURNAL || undefined,
    bounds: readBounds(environment.GATEHOUSE_PDP_BOUNDS ?? ''),
    extAuthz: extAuthz ? readAddress('GATEHOUSE_PDP_EXT_AUTHZ_LISTEN', extAuthz) : undefined,
    identity,
    edgeLimits: environment.GATEHOUSE_PDP_EDGE_LIMITS || 'off',
    hosts: readHosts(environment.GATEHOUSE_PDP_HOSTS ?? ''),
    ...readAddress('GATEHOUSE_PDP_LISTEN', environment.GATEHOUSE_PDP_LISTEN || '127.0.0.1:8181'),
  }
}

function readHosts(text: string): ReadonlySet<string> {
  const names = text.split(',').flatMap((one) => one.trim().toLowerCase() || [])
  const wrong = names.find((name) => !/^[a-z\d]([a-z\d.-]*[a-z\d])?$/.test(name))
  if (wrong !== undefined) throw new Error(`GATEHOUSE_PDP_HOSTS must be names without a port: "${wrong}"`)
  return new Set(names)
}

function readAddress(name: string, text: string): { readonly host: string; readonly port: number } {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) throw new Error(`${name} must be host:port`)
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/**
 * `5s/ask, pay=1s/deny, delete=ask`: the bound of every action, and those of some. @throws {Error}
 */
export function readBounds(text: string): Bounds {
  let all: Bound | undefined
  const actions: Record<string, Bound> = Object.create(null)
  for (const part of text.split(',').map((one) => one.trim())) {
    if (part === '') continue
    const at = part.lastIndexOf('=')
    const bound = readBound(part.slice(at + 1))
    if (at === -1) all = bound
    else actions[part.slice(0, at)] = bound
  }
  return { ...(all !== undefined && { default: all }), actions }
}

function readBound(text: string): Bound {
  if (text === 'ask') return 'ask'
  const [, amount, unit, beyond] = /^(\d{1,6})(ms|s)\/(ask|deny)$/.exec(text) ?? []
  if (amount === undefined) throw new Error(`"${text}" is no bound: ask, or such as 5s/ask, 500ms/deny`)
  return { mostStaleMs: Number(amount) * (unit === 's' ? 1_000 : 1), beyond: beyond as 'ask' | 'deny' }
}
