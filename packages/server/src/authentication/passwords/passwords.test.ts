import assert from 'node:assert/strict'
import { getPriority } from 'node:os'
import { test } from 'node:test'
import { Fault, Meter, Secret, systemEntropy } from '#kernel'
import { english } from '../languages/languages.ts'
import { sayWeakness } from '../languages/say-fault.ts'
import { currentCost, hashPassword, needsUpgrade, verifyPassword } from './argon2.ts'
import { HashingQueue } from './hashing-queue.ts'
import { lowerWorkers } from './lower-workers.ts'
import { findWeakness } from './strength.ts'

const cheap = { memoryKib: 64, passes: 1, lanes: 1 }

test('hashPassword: a PHC string of Argon2id with 19 MiB, two passes, one lane, and a salt of its own', async () => {
  const phc = await hashPassword(systemEntropy, new Secret('a'))
  assert.match(phc, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
  assert.notEqual(phc, await hashPassword(systemEntropy, new Secret('a')))
})

test('verifyPassword: right, wrong, and the known answer of the reference implementation', async () => {
  const phc = await hashPassword(systemEntropy, new Secret('right'), cheap)
  assert.equal(await verifyPassword(phc, new Secret('right')), true)
  assert.equal(await verifyPassword(phc, new Secret('righT')), false)
  assert.equal(await verifyPassword(phc, new Secret('')), false)
  // phc-winner-argon2, test.c: hashtest(0x13, 2, 16, 1, "password", "somesalt", …, Argon2_id)
  const known = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
  assert.equal(await verifyPassword(known, new Secret('password')), true)
})

test('verifyPassword: the same key presses match, however the system composes them (RFC 8265 4.2)', async () => {
  const phc = await hashPassword(systemEntropy, new Secret('Zoë'), cheap)
  assert.equal(await verifyPassword(phc, new Secret('Zoe\u0308')), true)
})

test('needsUpgrade: a hash of a lower cost in any parameter', async () => {
  const at = (cost: typeof currentCost) => hashPassword(systemEntropy, new Secret('a'), cost)
  assert.equal(needsUpgrade(await at(currentCost)), false)
  assert.equal(needsUpgrade(await at({ ...currentCost, passes: 1 })), true)
  assert.equal(needsUpgrade(await at({ ...currentCost, memoryKib: 1024 })), true)
})

test('HashingQueue: two run, the rest wait in order, and one too many is told when to come back', async () => {
  const queue = new HashingQueue(new Meter(), { running: 2, waiting: 3 })
  const finish: (() => void)[] = []
  const started: number[] = []
  const hold = (n: number) =>
    queue.run(() => {
      started.push(n)
      return new Promise<void>((resolve) => finish.push(resolve))
    })
  const all = [0, 1, 2, 3, 4].map(hold)
  await assert.rejects(
    hold(5),
    (error) => error instanceof Fault && error.status === 503 && error.retryAfterSeconds === 2,
  )
  assert.deepEqual(started, [0, 1])
  for (let turn = 0; turn < 5; turn++) {
    finish.shift()?.()
    await new Promise((resolve) => setImmediate(resolve))
    assert.ok(started.length <= turn + 3)
  }
  await Promise.all(all)
  assert.deepEqual(started, [0, 1, 2, 3, 4])
  await queue.run(async () => undefined)
})

test('HashingQueue: work that fails gives its place to the next', async () => {
  const queue = new HashingQueue(new Meter(), { running: 1, waiting: 5 })
  const failing = Array.from({ length: 3 }, () => queue.run(() => Promise.reject(new Error('no'))))
  for (const each of failing) await assert.rejects(each, /no/)
  assert.equal(await queue.run(async () => 'yes'), 'yes')
})

test('findWeakness: a readable sentence for what is short, common, patterned or about oneself; none for what is strong', async () => {
  const weak = async (text: string, about: string[] = []) => {
    const found = await findWeakness(new Secret(text), about)
    return found === undefined ? '' : sayWeakness(english, found)
  }
  assert.match(await weak('short'), /at least 10/)
  assert.match(await weak('password123'), /guess|common/)
  assert.match(await weak('aaaaaaaaaaaaaa'), /again|guess/)
  assert.match(await weak('ada.lovelace1', ['Ada Lovelace']), /own name|guess/)
  assert.match(await weak('x'.repeat(300)), /at most/)
  assert.equal(await findWeakness(new Secret('copper lantern walrus orbit'), ['Ada Lovelace']), undefined)
})

test('the threads that hash step back behind the one that answers', {
  skip: process.platform !== 'linux' && 'threads have a priority of their own on Linux alone',
}, async () => {
  await hashPassword(systemEntropy, new Secret('a'), cheap)
  const before = getPriority()
  assert.ok(lowerWorkers() > 0)
  assert.equal(getPriority(), before)
  assert.equal(getPriority(process.pid), before)
})
