import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { formatCheckpoint, openCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { Log } from './log.ts'
import {
  formatNote,
  formatVerifierKey,
  noteAlgorithm,
  parseNote,
  parseVerifierKey,
  rawEd25519,
  signWith,
  verifyNote,
} from './note.ts'
import { parsePolicy, requireQuorum } from './policy.ts'
import { formatProof, parseProof, verifyProof } from './proof.ts'
import { MemoryStorage } from './storage.ts'
import { acceptCosignatures, answerAddCheckpoint, formatAddCheckpoint, type Witness } from './witness.ts'

const origin = 'test.example/log'

function makeWitness(name: string, logs: Witness['logs']) {
  const pair = generateKeyPairSync('ed25519')
  const publicKey = rawEd25519(pair.publicKey)
  let kept: { size: number; root: Buffer; origin: string } | undefined
  const memory: Witness['memory'] = {
    latest: async () => kept,
    replace: async (_origin, expected, next) => {
      if ((kept?.size ?? 0) !== expected) return false
      kept = next
      return true
    },
  }
  const witness: Witness = {
    name,
    publicKey,
    sign: signWith(pair.privateKey),
    logs,
    memory,
    nowSeconds: () => 1_700_000_000,
  }
  return { witness, vkey: formatVerifierKey(name, noteAlgorithm.cosignature, publicKey) }
}

async function makeLog() {
  const pair = generateKeyPairSync('ed25519')
  const publicKey = rawEd25519(pair.publicKey)
  const log = await Log.open({ origin, storage: new MemoryStorage(), publicKey, sign: signWith(pair.privateKey) })
  return { log, vkey: formatVerifierKey(origin, noteAlgorithm.ed25519, publicKey) }
}

test('the published example of the Go checksum database verifies (golang.org/x/mod/sumdb/note, package documentation)', () => {
  const key = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
  const note = parseNote(
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n" +
      '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
  )
  assert.equal(verifyNote(note, [key]).length, 1)
  assert.throws(() => verifyNote({ ...note, text: note.text.replace('answer', 'Answer') }, [key]), { code: 'forged' })
})

test('a checkpoint opens with its own key only, and not with a byte turned', async () => {
  const { log, vkey } = await makeLog()
  await log.append([Buffer.from('a')])
  const text = formatCheckpoint(log.checkpoint)
  assert.equal(openCheckpoint(text, parseVerifierKey(vkey)).size, 1)
  const other = await makeLog()
  assert.throws(() => openCheckpoint(text, parseVerifierKey(other.vkey)), { code: 'unsigned' })
  assert.throws(() => openCheckpoint(text.replace('\n1\n', '\n2\n'), parseVerifierKey(vkey)), { code: 'forged' })
  for (const bad of ['', 'a', '\n\n', `${text}x`, text.replace('\n\n', '\n'), `${text}\u0000`, 'x'.repeat(300_000)]) {
    assert.throws(() => openCheckpoint(bad, parseVerifierKey(vkey)), { name: 'TlogError' })
  }
})

test('a witness cosigns what grows, and answers as the specification says for everything else (tlog-witness)', async () => {
  const { log, vkey } = await makeLog()
  const logKey = parseVerifierKey(vkey)
  const { witness, vkey: witnessKey } = makeWitness('witness.example/w1', [logKey])
  const send = (old: number, proof: Buffer[], checkpoint: SignedCheckpoint) =>
    answerAddCheckpoint(witness, formatAddCheckpoint(old, proof, checkpoint))
  await log.append([Buffer.from('a'), Buffer.from('b'), Buffer.from('c')])
  const first = log.checkpoint
  const answer = await send(0, [], first)
  assert.equal(answer.status, 200)
  const [signature] = acceptCosignatures(answer.body, first, [parseVerifierKey(witnessKey)])
  assert.ok(signature)
  await log.append([Buffer.from('d')])
  assert.deepEqual(await send(0, [], log.checkpoint), { status: 409, type: 'text/x.tlog.size', body: '3\n' })
  assert.equal((await send(3, [], log.checkpoint)).status, 422)
  assert.equal((await send(5, [], log.checkpoint)).status, 400)
  assert.equal((await send(3, await log.tree().consistencyProof(3), log.checkpoint)).status, 200)
  const stranger = await makeLog()
  assert.equal((await send(4, [], stranger.log.checkpoint)).status, 403)
  assert.equal(
    (await answerAddCheckpoint({ ...witness, logs: [] }, formatAddCheckpoint(4, [], log.checkpoint))).status,
    404,
  )
  assert.equal((await answerAddCheckpoint(witness, 'old -1\n\nx')).status, 400)
})

test('a receipt verifies offline by a policy with a quorum, and fails with too few witnesses or another entry (tlog-proof)', async () => {
  const { log, vkey } = await makeLog()
  const logKey = parseVerifierKey(vkey)
  await log.append(Array.from({ length: 300 }, (_, index) => Buffer.from(`entry ${index}`)))
  const witnesses = ['w1', 'w2', 'w3'].map((name) => makeWitness(`witness.example/${name}`, [logKey]))
  const body = formatAddCheckpoint(0, [], log.checkpoint)
  const answers = await Promise.all(witnesses.slice(0, 2).map(({ witness }) => answerAddCheckpoint(witness, body)))
  const signatures = answers.flatMap((answer) =>
    acceptCosignatures(
      answer.body,
      log.checkpoint,
      witnesses.map(({ vkey: key }) => parseVerifierKey(key)),
    ),
  )
  const note = { ...log.checkpoint.note, signatures: [...log.checkpoint.note.signatures, ...signatures] }
  const policyText = (needed: number) =>
    `# trust\nlog ${vkey}\n${witnesses.map(({ vkey: key }, at) => `witness W${at} ${key}`).join('\n')}\ngroup all-of-us ${needed} W0 W1 W2\nquorum all-of-us\n`
  assert.equal(requireQuorum(note, parsePolicy(policyText(2))).witnesses.length, 2)
  assert.throws(() => requireQuorum(note, parsePolicy(policyText(3))), { code: 'unsigned' })
  const receipt = formatProof({
    index: 77,
    path: await log.tree().inclusionProof(77),
    checkpoint: formatNote(note),
    extra: Buffer.from('x'),
  })
  assert.deepEqual(formatProof(parseProof(receipt)), receipt)
  assert.equal(verifyProof(receipt, Buffer.from('entry 77'), parsePolicy(policyText(2))).index, 77)
  assert.throws(() => verifyProof(receipt, Buffer.from('entry 78'), parsePolicy(policyText(2))), { code: 'forged' })
  assert.throws(
    () => verifyProof(receipt.replace('index 77', 'index 78'), Buffer.from('entry 77'), parsePolicy(policyText(2))),
    { code: 'forged' },
  )
})

test('a policy file that breaks a rule is refused with its line (tlog-policy)', async () => {
  const { vkey } = await makeLog()
  const { vkey: witnessKey } = makeWitness('w', [])
  const rows: [string, RegExp][] = [
    [`log ${vkey}\n`, /no quorum/],
    [`log ${vkey}\nlog ${vkey}\nquorum none`, /line 2: this log/],
    [`log ${witnessKey}\nquorum none`, /line 1: needs a verifier key of type 1/],
    [`witness a ${witnessKey}\nwitness b ${witnessKey}\nquorum a`, /line 2: this witness/],
    ['group g any a\nquorum g', /line 1: a is not defined/],
    [`witness a ${witnessKey}\ngroup g 2 a\nquorum g`, /line 2: the threshold/],
    [`witness a ${witnessKey}\ngroup g any a\ngroup h any a\nquorum h`, /line 3: a is in a group/],
    ['quorum none\nquorum none', /line 2: a second quorum/],
    ['quorum x', /line 1: x is not defined/],
    ['nonsense\nquorum none', /line 1: "nonsense"/],
    ['quorum none\u0001', /control character/],
  ]
  for (const [text, says] of rows) assert.throws(() => parsePolicy(text), says)
  assert.equal(parsePolicy('\n # only\n\tquorum  none \n').quorum, undefined)
})
