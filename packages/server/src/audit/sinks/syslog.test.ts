import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { Meter, systemClock, systemEntropy } from '#kernel'
import { Outgoing } from '#web'
import { openAuditHouse } from '../../../test/support/audit-house.ts'
import { makeCertificate } from '../../../test/support/certificates.ts'
import { onEachEngine, type Scratch, scratchDatabase } from '../../../test/support/engines.ts'
import { until } from '../../../test/support/house.ts'
import { noteEvent } from '../../../test/support/note-events.ts'
import { freePort } from '../../../test/support/ports.ts'
import { runSinks } from './run-sinks.ts'
import { readSinkFile } from './sink-file.ts'

async function makeReceiverCertificates(directory: string) {
  const authority = await makeCertificate('CN=Test CA', { ca: true })
  const own = await makeCertificate('CN=localhost', {
    issuer: authority,
    names: [
      { type: 'dns', value: 'localhost' },
      { type: 'ip', value: '127.0.0.1' },
    ],
  })
  writeFileSync(join(directory, 'ca.pem'), authority.pem)
  writeFileSync(join(directory, 'own.pem'), own.pem)
  writeFileSync(join(directory, 'own.key'), own.keyPem)
  return { authority, own }
}

async function start(scratch: Scratch, port: number, ca = 'ca.pem') {
  const house = await openAuditHouse(
    scratch.directory,
    (where, error) => assert.fail(`${where}: ${error}`),
    scratch.address,
  )
  const path = join(scratch.directory, 'sinks.yaml')
  writeFileSync(path, `sinks:\n- {name: siem, kind: syslog, host: 127.0.0.1, port: ${port}, ca_file: ${ca}}\n`)
  const errors: string[] = []
  const sinks = await runSinks({
    storage: house.storage,
    clock: systemClock,
    entropy: systemEntropy,
    meter: new Meter(),
    sinks: readSinkFile(path, { outgoing: new Outgoing(['127.0.0.1']), clock: systemClock }),
    onError: (_where, error) => void errors.push((error as Error).message),
    pauseMs: 20,
  })
  return {
    errors,
    sinks,
    write: async (from: number, to: number) => {
      for (let number = from; number <= to; number++) await house.storage.write((tx) => noteEvent(tx, number))
    },
    position: async () => (await sinks.report())[0]!.position,
    close: async () => {
      await sinks.close()
      await house.close()
    },
  }
}

/** Reads octet-counted frames (RFC 6587 §3.4.1, as RFC 5425 §4.3 demands). */
class Frames {
  readonly messages: string[] = []
  #rest = Buffer.alloc(0)
  take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk])
    for (;;) {
      const space = this.#rest.indexOf(32)
      if (space < 0) return
      const length = Number(this.#rest.toString('latin1', 0, space))
      assert.ok(Number.isSafeInteger(length) && length > 0, this.#rest.toString('latin1', 0, 40))
      if (this.#rest.length < space + 1 + length) return
      this.messages.push(this.#rest.toString('utf8', space + 1, space + 1 + length))
      this.#rest = this.#rest.subarray(space + 1 + length)
    }
  }
}

const positionsIn = (messages: readonly string[]) => messages.map((text) => Number(/position="(\d+)"/.exec(text)?.[1]))

onEachEngine(
  'syslog over TLS: RFC 5424 messages in RFC 5425 frames; a connection that breaks loses nothing; a strange certificate gets nothing',
  async (scratch, t) => {
    const { own } = await makeReceiverCertificates(scratch.directory)
    const other = await makeCertificate('CN=Other CA', { ca: true })
    writeFileSync(join(scratch.directory, 'other.pem'), other.pem)
    const received: string[] = []
    const sockets = new Set<TLSSocket>()
    const server = createServer({ cert: own.pem, key: own.keyPem, minVersion: 'TLSv1.2' }, (socket) => {
      const frames = new Frames()
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
      socket.on('data', (chunk: Buffer) => {
        frames.take(chunk)
        received.push(...frames.messages.splice(0))
      })
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    const { port } = server.address() as AddressInfo

    const stranger = await start(scratch, port, 'other.pem')
    await stranger.write(1, 3)
    await until(async () => stranger.errors.length > 0)
    await stranger.close()
    assert.deepEqual(received, [])
    assert.match(stranger.errors[0] as string, /unable to verify|unable to get|self.signed|certificate/i)

    const system = await start(scratch, port)
    await until(async () => received.length >= 3)
    // Not confirmed by the protocol: the cursor waits before it believes.
    assert.equal(await system.position(), 0)
    const first = String(received.at(0))
    assert.match(
      first,
      /^<110>1 2026-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ gatehouse - test\.document_read \[audit@32473 position="1" request="req_0+1" organization="org_\d+" outcome="success"\] \ufeff\{"activity_id":2,/,
    )
    const event = JSON.parse(first.slice(first.indexOf('\ufeff') + 1))
    assert.equal(event.metadata.sequence, 1)
    for (const socket of sockets) socket.destroy()
    await system.write(4, 40)
    await until(async () => new Set(positionsIn(received)).size === 40, 15_000)
    await until(async () => (await system.position()) === 40, 15_000)
    await system.close()
  },
)

const rsyslog = ['/usr/sbin/rsyslogd', '/sbin/rsyslogd'].find((path) => existsSync(path))
const modules = ['/usr/lib/x86_64-linux-gnu/rsyslog', '/usr/lib/aarch64-linux-gnu/rsyslog', '/usr/lib/rsyslog']
const driver = modules
  .flatMap((path) => (existsSync(path) ? readdirSync(path) : []))
  .find((name) => /^lmnsd_(gtls|ossl)\.so$/.test(name))
const skip =
  rsyslog === undefined || driver === undefined
    ? 'Debian’s rsyslog with rsyslog-gnutls or rsyslog-openssl is not installed here'
    : false

test("Debian's rsyslog over TLS gets every event, whole, through its own restart", { skip }, async (t: TestContext) => {
  const scratch = await scratchDatabase('sqlite')
  t.after(() => scratch.remove())
  await makeReceiverCertificates(scratch.directory)
  const port = await freePort()
  const at = (name: string) => join(scratch.directory, name)
  writeFileSync(
    at('rsyslog.conf'),
    `global(workDirectory="${scratch.directory}" maxMessageSize="64k"
  defaultNetstreamDriver="${driver?.includes('ossl') ? 'ossl' : 'gtls'}"
  defaultNetstreamDriverCAFile="${at('ca.pem')}" defaultNetstreamDriverCertFile="${at('own.pem')}"
  defaultNetstreamDriverKeyFile="${at('own.key')}")
module(load="imtcp" streamDriver.name="${driver?.includes('ossl') ? 'ossl' : 'gtls'}" streamDriver.mode="1" streamDriver.authMode="anon")
input(type="imtcp" address="127.0.0.1" port="${port}")
template(name="raw" type="string" string="%structured-data% %msg%\\n")
action(type="omfile" file="${at('received.log')}" template="raw")
`,
  )
  const run = async () => {
    const child = spawn(rsyslog as string, ['-n', '-f', at('rsyslog.conf'), '-i', at('rsyslog.pid')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    t.after(() => child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', (chunk) => {
      said += chunk
    })
    await until(async () => {
      assert.equal(child.exitCode, null, said)
      return spawnSync('bash', ['-c', `exec 3<>/dev/tcp/127.0.0.1/${port}`]).status === 0
    }, 30_000)
    return {
      stop: async () => {
        child.kill('SIGTERM')
        await once(child, 'exit')
      },
    }
  }
  let receiver = await run()
  const system = await start(scratch, port)
  const lines = () =>
    existsSync(at('received.log')) ? readFileSync(at('received.log'), 'utf8').split('\n').slice(0, -1) : []
  await system.write(1, 50)
  await until(async () => lines().length >= 50, 15_000)
  await receiver.stop()
  await system.write(51, 100)
  receiver = await run()
  await until(async () => new Set(positionsIn(lines())).size === 100, 20_000)
  for (const line of lines()) {
    const event = JSON.parse(line.slice(line.indexOf('{')))
    assert.equal(event.metadata.sequence, positionsIn([line])[0])
  }
  await system.close()
  await receiver.stop()
})
