import { existsSync, readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import { Secret } from '#kernel'
import { type EdgeLimitRates, parseEdgeLimits } from './edge-limits.ts'
import { type MailServer, parseMail } from './mail-server.ts'
import {
  type Database,
  parseCount,
  parseDatabase,
  parseHeaderName,
  parseLabel,
  parseListen,
  parseNetworks,
  parseOneOf,
  parseUrl,
  readText,
  type Told,
  wrong,
} from './parse.ts'
import { parseSigningToken, type SigningTokenConfig } from './signing-token.ts'
import { parseTraces, type TracesConfig } from './traces.ts'
import { yaml } from './yaml.ts'

/** Everything the process is told from outside, read once, frozen. */
export interface Config {
  /** Public base address, without a trailing slash; also the OIDC issuer. */
  readonly url: string
  readonly listen: { readonly host: string; readonly port: number }
  /** Where `/metrics` is served without an identity, beside the authorized one; undefined for nowhere. */
  readonly metricsListen: { readonly host: string; readonly port: number } | undefined
  /** Where Envoy's ext_authz is answered over gRPC; undefined for nowhere. */
  readonly extAuthzListen: { readonly host: string; readonly port: number } | undefined
  /** Absolute path of the data directory. */
  readonly dataDirectory: string
  readonly database: Database
  readonly rootKeyFile: string
  /** Whether the root key file lies inside the data directory (for trying out; `doctor` warns). */
  readonly rootKeyBesideData: boolean
  /** Where private signing keys are made and kept, when not sealed in the database. */
  readonly signingToken: SigningTokenConfig | undefined
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Addresses of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** Lower-case name of the header in which a trusted proxy tells of a client's certificate. */
  readonly clientCertificateHeader: string | undefined
  /** PEM of the authorities whose client certificates are taken. */
  readonly clientAuthorities: string | undefined
  /** A TLS listener of our own that asks clients for certificates; undefined for none. */
  readonly mtls: MtlsConfig | undefined
  /** Addresses and networks that requests of Gatehouse may go to although they are private. */
  readonly outgoingAllow: readonly string[]
  /** Trust policy (C2SP tlog-policy) naming the witnesses of the audit log; undefined for none. */
  readonly auditWitnessFile: string | undefined
  /** YAML of the sinks that the audit log is sent to; undefined for none. */
  readonly auditSinkFile: string | undefined
  /** Where letters are handed in; undefined where none are sent. */
  readonly mail: MailServer | undefined
  /** Passwords that were seen in breaches: sorted lines `SHA1[:count]`; undefined for no list. */
  readonly breachedPasswordsFile: string | undefined
  /** MMDB data set of the countries of addresses; undefined for none. */
  readonly countryFile: string | undefined
  /** PEM of the roots that attestations of authenticators must lead to. */
  readonly authenticatorRoots: string | undefined
  /** Name of this node in reports; the host's where nothing is told. */
  readonly node: string
  /** Where this node stands, as in `eu-1`: a label of its metrics. */
  readonly region: string | undefined
  /** YAML of service level objectives and of who is told when they burn. */
  readonly sloFile: string | undefined
  /** Where traces of requests are sent; undefined for nowhere. */
  readonly traces: TracesConfig | undefined
  /** Token requests that one client may make for long, a second; three seconds' worth at once. */
  readonly clientRequestsPerSecond: number
  /** Questions of gateways for one principal, client or address, a second; three seconds' worth at once. Unlimited where absent. */
  readonly edgeLimits: EdgeLimitRates
  /** Most resources that one application may keep. */
  readonly resourcesPerApplication: number
  /** Whether programs may register themselves as applications, with a token for it (RFC 7591). */
  readonly registration: boolean
  /** Whether the local bootstrap credential is written and accepted. */
  readonly bootstrap: boolean
}

export interface MtlsConfig {
  readonly listen: { readonly host: string; readonly port: number }
  /** Public base address of it. */
  readonly url: string
  /** PEM of the server's certificate chain. */
  readonly certificate: string
  readonly key: Secret
}

const names = {
  GATEHOUSE_URL: 'url',
  GATEHOUSE_LISTEN: 'listen',
  GATEHOUSE_METRICS_LISTEN: 'metrics_listen',
  GATEHOUSE_EXT_AUTHZ_LISTEN: 'ext_authz_listen',
  GATEHOUSE_DATA: 'data',
  GATEHOUSE_DATABASE: 'database',
  GATEHOUSE_ROOT_KEY_FILE: 'root_key_file',
  GATEHOUSE_PKCS11_MODULE: 'pkcs11_module',
  GATEHOUSE_PKCS11_TOKEN: 'pkcs11_token',
  GATEHOUSE_PKCS11_PIN_FILE: 'pkcs11_pin_file',
  GATEHOUSE_LOG_LEVEL: 'log_level',
  GATEHOUSE_TRUSTED_PROXIES: 'trusted_proxies',
  GATEHOUSE_CLIENT_CERTIFICATE_HEADER: 'client_certificate_header',
  GATEHOUSE_CLIENT_AUTHORITIES_FILE: 'client_authorities_file',
  GATEHOUSE_MTLS_LISTEN: 'mtls_listen',
  GATEHOUSE_MTLS_URL: 'mtls_url',
  GATEHOUSE_MTLS_CERTIFICATE_FILE: 'mtls_certificate_file',
  GATEHOUSE_MTLS_KEY_FILE: 'mtls_key_file',
  GATEHOUSE_OUTGOING_ALLOW: 'outgoing_allow',
  GATEHOUSE_AUDIT_SINK_FILE: 'audit_sink_file',
  GATEHOUSE_AUDIT_WITNESS_FILE: 'audit_witness_file',
  GATEHOUSE_SMTP: 'smtp',
  GATEHOUSE_MAIL_FROM: 'mail_from',
  GATEHOUSE_SLO_FILE: 'slo_file',
  GATEHOUSE_NODE: 'node',
  GATEHOUSE_REGION: 'region',
  GATEHOUSE_TRACES_URL: 'traces_url',
  GATEHOUSE_TRACES_SHARE: 'traces_share',
  GATEHOUSE_TRACES_HEADERS_FILE: 'traces_headers_file',
  GATEHOUSE_CLIENT_REQUESTS_PER_SECOND: 'client_requests_per_second',
  GATEHOUSE_EDGE_LIMITS: 'edge_limits',
  GATEHOUSE_BREACHED_PASSWORDS_FILE: 'breached_passwords_file',
  GATEHOUSE_COUNTRY_FILE: 'country_file',
  GATEHOUSE_AUTHENTICATOR_ROOTS_FILE: 'authenticator_roots_file',
  GATEHOUSE_RESOURCES_PER_APPLICATION: 'resources_per_application',
  GATEHOUSE_REGISTRATION: 'registration',
  GATEHOUSE_BOOTSTRAP: 'bootstrap',
} as const
/** The settings there are: environment variable and name in the file. */
export const settings: readonly (readonly [variable: string, name: string])[] = Object.entries(names)
const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const

/**
 * Reads the configuration: the file named by `GATEHOUSE_CONFIG` (YAML, keys as in `names`), overridden by the environment.
 * @throws {Fault} `config.invalid`, naming the variable or the file and line
 */
export function readConfig(environment: Record<string, string | undefined>, workingDirectory: string): Config {
  const told = new Map<string, { text: string; from: string }>()
  const file = environment.GATEHOUSE_CONFIG
  if (file !== undefined) readFile(resolve(workingDirectory, file), told)
  for (const [variable, key] of Object.entries(names)) {
    const text = environment[variable]
    if (text !== undefined && text !== '') told.set(key, { text, from: variable })
  }
  for (const variable of Object.keys(environment)) {
    if (variable.startsWith('GATEHOUSE_') && !(variable in names) && variable !== 'GATEHOUSE_CONFIG') {
      throw wrong(variable, `is not a setting; the settings are ${Object.keys(names).join(', ')}`)
    }
  }
  const take = (key: string, fallback: string) => told.get(key) ?? { text: fallback, from: `default ${key}` }

  const dataDirectory = resolve(workingDirectory, take('data', './data').text)
  const rootKeyFile = resolve(workingDirectory, told.get('root_key_file')?.text ?? join(dataDirectory, 'root.key'))
  return Object.freeze({
    url: parseUrl(take('url', 'http://localhost:8080')),
    listen: Object.freeze(parseListen(take('listen', '127.0.0.1:8080'))),
    metricsListen: told.has('metrics_listen') ? Object.freeze(parseListen(take('metrics_listen', ''))) : undefined,
    extAuthzListen: told.has('ext_authz_listen') ? Object.freeze(parseListen(take('ext_authz_listen', ''))) : undefined,
    dataDirectory,
    database: Object.freeze(
      parseDatabase(take('database', `sqlite:${join(dataDirectory, 'gatehouse.db')}`), workingDirectory),
    ),
    rootKeyFile,
    rootKeyBesideData: rootKeyFile.startsWith(`${dataDirectory}/`),
    signingToken: parseSigningToken(told, workingDirectory),
    logLevel: parseOneOf(take('log_level', 'info'), levels),
    trustedProxies: Object.freeze(parseNetworks(take('trusted_proxies', ''))),
    mail: told.has('smtp') ? Object.freeze(parseMail(take('smtp', ''), take('mail_from', ''))) : undefined,
    node: parseLabel(
      take(
        'node',
        hostname()
          .toLowerCase()
          .replace(/[^a-z0-9.-]/g, '-')
          .slice(0, 63) || 'node',
      ),
    ),
    region: told.has('region') ? parseLabel(take('region', ''), 32) : undefined,
    sloFile: told.has('slo_file') ? resolve(workingDirectory, take('slo_file', '').text) : undefined,
    traces: parseTraces(told, workingDirectory),
    auditSinkFile: told.has('audit_sink_file')
      ? resolve(workingDirectory, take('audit_sink_file', '').text)
      : undefined,
    auditWitnessFile: told.has('audit_witness_file')
      ? resolve(workingDirectory, take('audit_witness_file', '').text)
      : undefined,
    breachedPasswordsFile: told.has('breached_passwords_file')
      ? resolve(workingDirectory, take('breached_passwords_file', '').text)
      : undefined,
    authenticatorRoots: readText(told.get('authenticator_roots_file'), workingDirectory),
    countryFile: told.has('country_file') ? resolve(workingDirectory, take('country_file', '').text) : undefined,
    outgoingAllow: Object.freeze(parseNetworks(take('outgoing_allow', ''))),
    clientCertificateHeader: parseHeaderName(told.get('client_certificate_header')),
    clientAuthorities: readText(told.get('client_authorities_file'), workingDirectory),
    mtls: parseMtls(told, workingDirectory),
    clientRequestsPerSecond: parseCount(take('client_requests_per_second', '100'), 1_000_000),
    edgeLimits: parseEdgeLimits(take('edge_limits', 'off')),
    resourcesPerApplication: parseCount(take('resources_per_application', '1000000'), 100_000_000),
    registration: parseOneOf(take('registration', 'off'), ['on', 'off']) === 'on',
    bootstrap: parseOneOf(take('bootstrap', 'on'), ['on', 'off']) === 'on',
  })
}

/** All four of its settings, or none. */
function parseMtls(told: ReadonlyMap<string, Told>, workingDirectory: string): MtlsConfig | undefined {
  const keys = ['mtls_listen', 'mtls_url', 'mtls_certificate_file', 'mtls_key_file']
  const [listen, url, certificate, key] = keys.map((name) => told.get(name))
  const first = [listen, url, certificate, key].find((given) => given !== undefined)
  if (first === undefined) return undefined
  if (listen === undefined || url === undefined || certificate === undefined || key === undefined)
    throw wrong(first.from, `needs ${keys.join(', ')} together`)
  const address = parseUrl(url)
  if (!address.startsWith('https:')) throw wrong(url.from, `"${url.text}" must be https`)
  return Object.freeze({
    listen: Object.freeze(parseListen(listen)),
    url: address,
    certificate: readText(certificate, workingDirectory) as string,
    key: new Secret(readText(key, workingDirectory) as string),
  })
}

function readFile(path: string, told: Map<string, { text: string; from: string }>): void {
  if (!existsSync(path)) throw wrong('GATEHOUSE_CONFIG', `names ${path}, which does not exist`)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw wrong('GATEHOUSE_CONFIG', `names ${path}, which cannot be read (${(error as { code?: string }).code})`)
  }
  const { isMap, isScalar, parseDocument } = yaml()
  const document = parseDocument(text, { maxAliasCount: 0 } as object)
  const broken = document.errors[0]
  if (broken !== undefined) throw wrong(`${path}:${broken.linePos?.[0].line ?? 1}:`, `is not YAML (${broken.code})`)
  if (document.contents === null) return
  if (!isMap(document.contents)) throw wrong(`${path}:1:`, 'must be a mapping of settings')
  const known: string[] = Object.values(names)
  for (const { key, value } of document.contents.items) {
    const name = isScalar(key) ? String(key.value) : ''
    const line = text.slice(0, isScalar(key) ? key.range?.[0] : 0).split('\n').length
    const place = `${path}:${line}:`
    if (!known.includes(name)) throw wrong(place, `unknown setting "${name}"; the settings are ${known.join(', ')}`)
    const plain = isScalar(value) ? value.value : undefined
    if (plain === undefined || plain === null) throw wrong(place, `"${name}" must be a single value`)
    told.set(name, { text: plain === true ? 'on' : plain === false ? 'off' : String(plain), from: place })
  }
}
