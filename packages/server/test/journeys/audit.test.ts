import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatVerifierKey, noteAlgorithm, rawEd25519 } from '@gatehouse/tlog'
import { onEachEngine } from '../support/engines.ts'
import { startTestServer } from '../support/server.ts'

const launcher = fileURLToPath(new URL('../../../cli/bin/gatehouse.mjs', import.meta.url))

function gatehouse(data: string, ...args: string[]): Promise<{ code: number; out: string; error: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [launcher, '--data', data, ...args],
      { env: { PATH: process.env.PATH } },
      (failed, out, error) => resolve({ code: (failed as { code?: number } | null)?.code ?? 0, out, error }),
    )
  })
}

onEachEngine(
  'an auditor verifies the log online and offline, and a change anywhere in an export is found',
  async (scratch) => {
    const server = await startTestServer(scratch)
    const run = (...args: string[]) => gatehouse(scratch.directory, ...args)
    const wait = async () => {
      for (;;) {
        const size = server.ledger.log.checkpoint.size
        if (size > 0 && size >= (await server.storage.readMark()).position) return
        await new Promise((resolve) => setTimeout(resolve, 25))
      }
    }
    await wait()
    const kept = join(scratch.directory, 'kept')
    writeFileSync(kept, (await run('audit', 'checkpoint')).out)
    await wait()
    const online = await run('audit', 'verify', '--earlier', kept, '--json')
    assert.equal(online.code, 0, online.error)
    const answer = JSON.parse(online.out) as { size: number; bodies: number }
    assert.ok(answer.size > 0)
    assert.equal(answer.bodies, answer.size)

    const entry = JSON.parse((await run('audit', 'show', '1', '--json')).out) as {
      salt: string
      body: string
      leaf: string
    }
    const hash = createHash('sha256').update(Buffer.from(entry.salt, 'base64')).update(entry.body).digest('base64')
    assert.equal(entry.leaf.split('\n')[2], hash)
    assert.match((await run('audit', 'proof', '1')).out, /^c2sp\.org\/tlog-proof@v1\nindex 0\n/)
    assert.equal((await run('audit', 'show', '999999')).code, 4)

    const exported = join(scratch.directory, 'export')
    assert.equal((await run('audit', 'export', exported)).code, 0)
    await server.close()
    const offline = () => run('audit', 'verify', '--from', exported, '--earlier', kept)
    assert.equal((await offline()).code, 0)
    // Cosignatures of witnesses are demanded by a policy that the auditor holds, offline too: nobody has cosigned this log.
    const witness = rawEd25519(generateKeyPairSync('ed25519').publicKey)
    const policy = join(scratch.directory, 'policy')
    const name = formatVerifierKey('witness.example', noteAlgorithm.cosignature, witness)
    const log = readFileSync(join(exported, 'key'), 'utf8').trim()
    writeFileSync(policy, `log ${log}\nwitness one ${name} https://witness.example/\nquorum one\n`)
    const unseen = await run('audit', 'verify', '--from', exported, '--policy', policy)
    assert.equal(unseen.code, 1, unseen.out)
    assert.match(unseen.error, /does not verify/)
    assert.match(unseen.error, /quorum|cosign/i)
    const turn = async (file: string, at: (length: number) => number) => {
      const path = join(exported, file)
      const good = readFileSync(path)
      const bad = Buffer.from(good)
      bad[at(bad.length)] = bad[at(bad.length)]! ^ 1
      writeFileSync(path, bad)
      const found = await offline()
      writeFileSync(path, good)
      assert.equal(found.code, 1, `${file}: ${found.out}`)
      assert.match(found.error, /does not verify/)
    }
    await turn('checkpoint', () => 0)
    await turn('bodies.ndjson', (length) => length - 5)
    const foreign = await run('audit', 'verify', '--from', exported, '--key', 'a.example+00000000+AAAA')
    assert.equal(foreign.code, 2)
  },
)
