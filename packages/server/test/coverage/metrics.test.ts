import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import { scratchDatabase } from '../support/engines.ts'
import { FormBrowser, localAdministrator, makeUser } from '../support/people.ts'
import { freePort } from '../support/ports.ts'
import { startTestServer } from '../support/server.ts'

const scratch = await scratchDatabase('sqlite')
const metricsPort = await freePort()
const server = await startTestServer(scratch, {
  environment: {
    GATEHOUSE_METRICS_LISTEN: `127.0.0.1:${metricsPort}`,
    GATEHOUSE_TRACES_URL: 'http://127.0.0.1:9',
    GATEHOUSE_TRACES_SHARE: '0',
  },
})
after(async () => {
  await server.close()
  await scratch.remove()
})

interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Names and labels of what `/metrics` shows, after somebody has signed in, asked, and been refused. */
async function scrape(): Promise<{ families: string[]; samples: Sample[] }> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  const families = [...text.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name as string)
  const samples = [...text.matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gim)].map(([, name, labels = '']) => ({
    name: name as string,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key, value]),
    ),
  }))
  return { families, samples }
}

const api = localAdministrator(scratch)
const aliceId = await makeUser(api, 'alice')
const browser = new FormBrowser(server.url)
await fetch(`${server.url}/oauth/token`, {
  method: 'POST',
  headers: { authorization: `Basic ${Buffer.from('app_nobody:guess').toString('base64')}` },
  body: new URLSearchParams({ grant_type: 'client_credentials' }),
})
await browser.open('/sign-in')
await fetch(`${server.url}/api/users/${aliceId}`)
await api('GET', `/api/users/${aliceId}`)
const { families, samples } = await scrape()

test('every metric of a running server stands in docs/metrics.md, and nothing else does', () => {
  const page = readFileSync(new URL('../../../../docs/metrics.md', import.meta.url), 'utf8')
  const own = families.filter((name) => !/^(process|nodejs)_/.test(name))
  assert.deepEqual(
    own.filter((name) => !page.includes(`\`${name}\``)),
    [],
  )
  const table = page.slice(0, page.indexOf('## Service levels'))
  const told = [...table.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name as string),
  )
  assert.deepEqual(
    told.filter((name) => !families.includes(name)),
    [],
  )
})

test('names follow the conventions of Prometheus: counters end in _total, durations and ages in _seconds', () => {
  for (const name of families) {
    assert.match(name, /^[a-z][a-z0-9_]*$/)
    if (/duration|age|lag$|stalled/.test(name) && !name.startsWith('nodejs_')) assert.match(name, /_seconds$/)
  }
})

test('no label holds an id, a name or an address: their values come from closed sets', () => {
  const known = ['http_request_method', 'http_route', 'http_response_status_code', 'outcome', 'method', 'via', 'le']
  const others = ['grant_type', 'follower', 'algorithm', 'quantile', 'kind', 'action', 'stage', 'sign', 'region']
  for (const { name, labels } of samples) {
    if (/^(process|nodejs)_/.test(name)) continue
    for (const [label, value] of Object.entries(labels)) {
      assert.ok([...known, ...others].includes(label), `${name} has a label ${label}`)
      assert.doesNotMatch(value, /_[0-9a-hjkmnp-tv-z]{26}|@|alice|127\.0\.0\.1/, `${name}{${label}}`)
    }
  }
  const routes = new Set(samples.map(({ labels }) => labels.http_route))
  assert.ok(routes.has('/api/users/:userId'), [...routes].join(' '))
})
