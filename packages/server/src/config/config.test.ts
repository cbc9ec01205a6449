import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { inspect } from 'node:util'
import { isFault } from '#kernel'
import { readConfig, settings } from './config.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
after(() => rmSync(directory, { recursive: true }))
const read = (environment: Record<string, string> = {}) => readConfig(environment, '/srv/app')
const fromFile = (text: string, environment: Record<string, string> = {}) => {
  const file = join(directory, 'gatehouse.yaml')
  writeFileSync(file, text)
  return readConfig({ GATEHOUSE_CONFIG: file, ...environment }, '/srv/app')
}
const invalid = (says: RegExp) => (error: unknown) => isFault(error, 'config.invalid') && says.test(error.message)

test('with nothing told, Gatehouse listens on loopback and keeps everything in ./data', () => {
  assert.deepEqual(read(), {
    url: 'http://localhost:8080',
    listen: { host: '127.0.0.1', port: 8080 },
    metricsListen: undefined,
    extAuthzListen: undefined,
    dataDirectory: '/srv/app/data',
    database: { engine: 'sqlite', file: '/srv/app/data/gatehouse.db' },
    rootKeyFile: '/srv/app/data/root.key',
    rootKeyBesideData: true,
    signingToken: undefined,
    logLevel: 'info',
    trustedProxies: [],
    outgoingAllow: [],
    auditSinkFile: undefined,
    auditWitnessFile: undefined,
    mail: undefined,
    node: hostname().toLowerCase(),
    region: undefined,
    sloFile: undefined,
    traces: undefined,
    clientCertificateHeader: undefined,
    clientAuthorities: undefined,
    mtls: undefined,
    clientRequestsPerSecond: 100,
    breachedPasswordsFile: undefined,
    countryFile: undefined,
    authenticatorRoots: undefined,
    edgeLimits: {},
    resourcesPerApplication: 1_000_000,
    registration: false,
    bootstrap: true,
  })
})

test('the TLS listener has all of its settings or none, and its key does not print', () => {
  const pem = join(directory, 'mtls.pem')
  writeFileSync(pem, 'PEM swordfish')
  const told = {
    GATEHOUSE_MTLS_LISTEN: '127.0.0.1:9443',
    GATEHOUSE_MTLS_URL: 'https://mtls.example.com',
    GATEHOUSE_MTLS_CERTIFICATE_FILE: pem,
    GATEHOUSE_MTLS_KEY_FILE: pem,
  }
  const { mtls } = read(told)
  assert.equal(mtls?.url, 'https://mtls.example.com')
  assert.equal(inspect(mtls?.key).includes('swordfish'), false)
  for (const name of Object.keys(told)) assert.throws(() => read({ ...told, [name]: '' }), invalid(/together/), name)
  assert.throws(() => read({ ...told, GATEHOUSE_MTLS_URL: 'http://localhost:1' }), invalid(/must be https/))
  assert.throws(() => read({ ...told, GATEHOUSE_MTLS_KEY_FILE: '/no/such' }), invalid(/cannot be read/))
})

test('a PKCS#11 token has all of its settings or none', () => {
  assert.throws(() => read({ GATEHOUSE_PKCS11_MODULE: '/usr/lib/hsm.so' }), invalid(/together/))
})

test('every setting is taken from the environment, or from the file under its lower-case name; the environment wins', () => {
  const told = {
    GATEHOUSE_URL: 'https://id.example.com',
    GATEHOUSE_LISTEN: '[::]:9000',
    GATEHOUSE_METRICS_LISTEN: '127.0.0.1:9464',
    GATEHOUSE_EXT_AUTHZ_LISTEN: '127.0.0.1:9191',
    GATEHOUSE_DATA: '/var/lib/gatehouse',
    GATEHOUSE_DATABASE: 'postgres://g:pw@db/gatehouse',
    GATEHOUSE_ROOT_KEY_FILE: '/etc/gatehouse/root.key',
    GATEHOUSE_PKCS11_MODULE: '/usr/lib/hsm.so',
    GATEHOUSE_PKCS11_TOKEN: 'gatehouse',
    GATEHOUSE_PKCS11_PIN_FILE: '/etc/gatehouse/pin',
    GATEHOUSE_LOG_LEVEL: 'debug',
    GATEHOUSE_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7',
    GATEHOUSE_OUTGOING_ALLOW: '10.9.0.0/16',
    GATEHOUSE_COUNTRY_FILE: '/etc/gatehouse/country.mmdb',
    GATEHOUSE_SLO_FILE: '/etc/gatehouse/slo.yaml',
    GATEHOUSE_TRACES_URL: 'http://127.0.0.1:4318',
    GATEHOUSE_TRACES_SHARE: '0.5',
    GATEHOUSE_AUDIT_SINK_FILE: '/etc/gatehouse/sinks.yaml',
    GATEHOUSE_AUDIT_WITNESS_FILE: '/etc/gatehouse/witnesses.policy',
    GATEHOUSE_CLIENT_CERTIFICATE_HEADER: 'Client-Cert',
    GATEHOUSE_CLIENT_REQUESTS_PER_SECOND: '250',
    GATEHOUSE_EDGE_LIMITS: 'principal=100, address = 7',
    GATEHOUSE_RESOURCES_PER_APPLICATION: '5000',
    GATEHOUSE_NODE: 'eu-1-a.internal',
    GATEHOUSE_REGION: 'eu-1',
    GATEHOUSE_REGISTRATION: 'on',
    GATEHOUSE_BOOTSTRAP: 'off',
  }
  const file = Object.entries(told).map(
    ([name, value]) => `${name.slice('GATEHOUSE_'.length).toLowerCase()}: '${value}'`,
  )
  for (const config of [
    read(told),
    fromFile(file.join('\n')),
    fromFile('url: http://localhost:1\nbootstrap: true', told),
  ]) {
    const { database, ...rest } = config
    assert.deepEqual(rest, {
      url: 'https://id.example.com',
      listen: { host: '::', port: 9000 },
      metricsListen: { host: '127.0.0.1', port: 9464 },
      extAuthzListen: { host: '127.0.0.1', port: 9191 },
      dataDirectory: '/var/lib/gatehouse',
      rootKeyFile: '/etc/gatehouse/root.key',
      rootKeyBesideData: false,
      signingToken: { module: '/usr/lib/hsm.so', label: 'gatehouse', pinFile: '/etc/gatehouse/pin' },
      logLevel: 'debug',
      trustedProxies: ['10.0.0.0/8', '192.0.2.7'],
      outgoingAllow: ['10.9.0.0/16'],
      auditSinkFile: '/etc/gatehouse/sinks.yaml',
      auditWitnessFile: '/etc/gatehouse/witnesses.policy',
      mail: undefined,
      node: 'eu-1-a.internal',
      region: 'eu-1',
      sloFile: '/etc/gatehouse/slo.yaml',
      traces: { url: 'http://127.0.0.1:4318/v1/traces', share: 0.5, headers: [] },
      clientCertificateHeader: 'client-cert',
      clientAuthorities: undefined,
      mtls: undefined,
      clientRequestsPerSecond: 250,
      countryFile: '/etc/gatehouse/country.mmdb',
      authenticatorRoots: undefined,
      breachedPasswordsFile: undefined,
      edgeLimits: { principal: 100, address: 7 },
      resourcesPerApplication: 5_000,
      registration: true,
      bootstrap: false,
    })
    assert.equal(database.engine === 'postgres' && database.url.reveal(), 'postgres://g:pw@db/gatehouse')
  }
})

test('the mail server is read with its password as a secret, and a half-told one is refused', () => {
  const { mail } = read({
    GATEHOUSE_SMTP: 'smtp://g%40x:pw%2f1@mail.example.com',
    GATEHOUSE_MAIL_FROM: 'id@example.com',
  })
  assert.deepEqual([mail?.host, mail?.port, mail?.secure, mail?.user], ['mail.example.com', 587, false, 'g@x'])
  assert.equal(mail?.password?.reveal(), 'pw/1')
  assert.equal(inspect(mail).includes('pw/1'), false)
  assert.equal(read({ GATEHOUSE_SMTP: 'smtps://[::1]', GATEHOUSE_MAIL_FROM: 'a@b' }).mail?.port, 465)
  for (const [smtp, from, says] of [
    ['http://mail', 'a@b', /GATEHOUSE_SMTP must be smtp:/],
    ['smtp://mail', '', /GATEHOUSE_MAIL_FROM/],
    ['smtp://mail', 'Gatehouse <a@b>', /e-mail address/],
  ] as const)
    assert.throws(() => read({ GATEHOUSE_SMTP: smtp, GATEHOUSE_MAIL_FROM: from }), invalid(says))
})

test('the database password does not print with the configuration', () => {
  const config = read({ GATEHOUSE_DATABASE: 'postgres://g:swordfish@db/gatehouse' })
  for (const text of [JSON.stringify(config), inspect(config, { depth: 9 }), `${Object.values(config.database)}`])
    assert.equal(text.includes('swordfish'), false)
})

test('a value that cannot be is refused with the name of its variable', () => {
  const table: [variable: string, value: string, says: RegExp][] = [
    ['GATEHOUSE_URL', 'id.example.com', /^GATEHOUSE_URL "id.example.com" is not an http\(s\) address/],
    ['GATEHOUSE_URL', 'ftp://id.example.com', /not an http/],
    ['GATEHOUSE_URL', 'https://id.example.com/auth', /scheme, host and port only/],
    ['GATEHOUSE_URL', 'https://user@id.example.com', /scheme, host and port only/],
    ['GATEHOUSE_URL', 'https://id.example.com?x=1', /scheme, host and port only/],
    ['GATEHOUSE_URL', 'http://id.example.com', /must be https/],
    ['GATEHOUSE_LISTEN', '8080', /^GATEHOUSE_LISTEN "8080" is not host:port/],
    ['GATEHOUSE_LISTEN', '127.0.0.1:65536', /is not host:port/],
    ['GATEHOUSE_LISTEN', '::1:80', /is not host:port/],
    ['GATEHOUSE_METRICS_LISTEN', 'x', /^GATEHOUSE_METRICS_LISTEN/],
    ['GATEHOUSE_DATABASE', 'mysql://db', /^GATEHOUSE_DATABASE must be sqlite:FILE or postgres:/],
    ['GATEHOUSE_DATABASE', 'postgres://[', /must be/],
    ['GATEHOUSE_LOG_LEVEL', 'loud', /must be one of trace, debug/],
    ['GATEHOUSE_TRUSTED_PROXIES', '10.0.0.0/33', /"10.0.0.0\/33" is not an address or a network/],
    ['GATEHOUSE_TRUSTED_PROXIES', 'proxy', /is not an address/],
    ['GATEHOUSE_EDGE_LIMITS', 'principal=0', /must be a whole number from 1/],
    ['GATEHOUSE_EDGE_LIMITS', 'user=5', /"user=5" must be one of principal, client, address/],
    ['GATEHOUSE_EDGE_LIMITS', 'client=5,client=6', /each once/],
    ['GATEHOUSE_BOOTSTRAP', 'yes', /must be one of on, off/],
    ['GATEHOUSE_LISTNE', '127.0.0.1:1', /^GATEHOUSE_LISTNE is not a setting; the settings are GATEHOUSE_URL, /],
    ['GATEHOUSE_CONFIG', '/nowhere/at/all', /which does not exist/],
    ['GATEHOUSE_CONFIG', directory, /cannot be read \(EISDIR\)/],
  ]
  for (const [variable, value, says] of table)
    assert.throws(() => read({ [variable]: value }), invalid(says), `${variable}=${value}`)
})

test('plain http is for loopback only, under each of its names', () => {
  for (const host of ['localhost', '127.0.0.1', '[::1]', 'app.localhost'])
    assert.equal(read({ GATEHOUSE_URL: `http://${host}:80` }).url, `http://${host}`)
})

test('what is wrong in the file is told with file and line', () => {
  const table: [text: string, says: RegExp][] = [
    [
      'url: http://localhost:1\n\nlisten_on: x\n',
      /gatehouse.yaml:3: unknown setting "listen_on"; the settings are url, /,
    ],
    ['url: http://localhost:1\nlisten: nowhere\n', /gatehouse.yaml:2: "nowhere" is not host:port/],
    ['url: http://localhost:1\nurl: http://localhost:2\n', /gatehouse.yaml:2: is not YAML \(DUPLICATE_KEY\)/],
    ['url: [http://localhost:1]\n', /gatehouse.yaml:1: "url" must be a single value/],
    ['url:\n', /gatehouse.yaml:1: "url" must be a single value/],
    ['a: "\n', /gatehouse.yaml:\d: is not YAML/],
    ['- url\n', /gatehouse.yaml:1:/],
    ['just text\n', /gatehouse.yaml:1:/],
  ]
  for (const [text, says] of table) assert.throws(() => fromFile(text), invalid(says), text)
  assert.equal(fromFile('').url, 'http://localhost:8080')
  assert.equal(fromFile('# nothing\n').url, 'http://localhost:8080')
  assert.equal(fromFile('bootstrap: false\n').bootstrap, false)
})

test('traces: off by default; a share and headers only with an address; a header’s value does not print', () => {
  assert.equal(read().traces, undefined)
  const traces = read({ GATEHOUSE_TRACES_URL: 'http://127.0.0.1:4318' }).traces
  assert.deepEqual(traces, { url: 'http://127.0.0.1:4318/v1/traces', share: 0.01, headers: [] })
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-config-'))
  const file = join(directory, 'headers')
  writeFileSync(file, '# for the collector\nAuthorization: Bearer canary-7f3a\n')
  const told = read({ GATEHOUSE_TRACES_URL: 'https://otel.example/x', GATEHOUSE_TRACES_HEADERS_FILE: file }).traces
  assert.equal(told?.url, 'https://otel.example/x')
  assert.deepEqual(told.headers[0]?.[0], 'authorization')
  assert.equal(told.headers[0]?.[1].reveal(), 'Bearer canary-7f3a')
  assert.doesNotMatch(JSON.stringify(told), /canary/)
  writeFileSync(file, 'canary-7f3a\n')
  const refused = [
    [{ GATEHOUSE_TRACES_SHARE: '0.5' }, /GATEHOUSE_TRACES_SHARE needs traces_url/],
    [{ GATEHOUSE_TRACES_URL: 'collector:4318' }, /is not an http\(s\) address/],
    [{ GATEHOUSE_TRACES_URL: 'http://a.example', GATEHOUSE_TRACES_SHARE: '2' }, /must be from 0 to 1/],
    [
      { GATEHOUSE_TRACES_URL: 'http://a.example', GATEHOUSE_TRACES_HEADERS_FILE: file },
      /headers:1: must be `Name: value`$/,
    ],
  ] as const
  for (const [environment, says] of refused) assert.throws(() => read(environment), says)
  rmSync(directory, { recursive: true })
})

test('the configuration cannot be changed afterwards', () => {
  const config = read()
  for (const part of [config, config.listen, config.database, config.trustedProxies]) assert.ok(Object.isFrozen(part))
})

test('docs/settings.md: every setting with its default, and no other; its example is taken as it stands', () => {
  const page = readFileSync(new URL('../../../../docs/settings.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `(GATEHOUSE_\w+)` \| `(\w+)` \| (.*?) \|/gm)]
  assert.deepEqual(
    rows.map(([, variable, name]) => [variable, name]),
    settings.map((setting) => [...setting]),
  )
  const written = (name: string) => /^`(.*)`$/.exec(rows.find((row) => row[2] === name)?.[3] ?? '')?.[1]
  const defaults = read()
  assert.equal(defaults.url, written('url'))
  assert.equal(`${defaults.listen.host}:${defaults.listen.port}`, written('listen'))
  assert.equal(defaults.logLevel, written('log_level'))
  assert.equal(defaults.bootstrap ? 'on' : 'off', written('bootstrap'))
  const example = /```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
  const config = fromFile(example)
  assert.equal(config.url, 'https://id.example.com')
  assert.equal(config.database.engine, 'postgres')
  assert.equal(config.rootKeyBesideData, false)
  assert.deepEqual(config.trustedProxies, ['127.0.0.1', '10.0.0.0/8'])
})
