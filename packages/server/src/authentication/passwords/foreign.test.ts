import assert from 'node:assert/strict'
import { createHash, pbkdf2Sync, scryptSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import bcrypt from 'bcryptjs'
import { Secret } from '#kernel'
import { onEachEngine } from '../../../test/support/engines.ts'
import { inServer, until } from '../../../test/support/house.ts'
import { FormBrowser, goodPassword } from '../../../test/support/people.ts'
import { BreachedPasswords } from './breached.ts'
import { parseForeign, verifyForeign } from './foreign.ts'

const ab64 = (bytes: Buffer) => bytes.toString('base64').replaceAll('+', '.').replaceAll('=', '')
const salt = Buffer.from('0123456789abcdef')
const hashes = (password: string) => ({
  bcrypt: bcrypt.hashSync(password, 4),
  passlib: `$pbkdf2-sha256$1000$${ab64(salt)}$${ab64(pbkdf2Sync(password, salt, 1000, 32, 'sha256'))}`,
  django: `pbkdf2_sha256$1000$${salt}$${pbkdf2Sync(password, salt, 1000, 32, 'sha256').toString('base64')}`,
  scrypt: `$scrypt$ln=10,r=8,p=1$${ab64(salt)}$${ab64(scryptSync(password, salt, 32, { N: 1024, r: 8, p: 1 }))}`,
})

test('hashes of bcrypt, PBKDF2 (passlib, Django) and scrypt know their password and no other', async () => {
  for (const [name, hash] of Object.entries(hashes(goodPassword))) {
    const foreign = parseForeign(hash)
    assert.ok(foreign, name)
    assert.equal(await verifyForeign(foreign, new Secret(goodPassword)), true, name)
    assert.equal(await verifyForeign(foreign, new Secret(`${goodPassword}x`)), false, name)
  }
})

test('hashes made from published vectors are read right (RFC 7914 §11 and §12)', async () => {
  const hex = (text: string) => ab64(Buffer.from(text, 'hex'))
  const scrypted =
    '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887'
  const derived = '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc'
  for (const [hash, password] of [
    [`$scrypt$ln=14,r=8,p=1$${ab64(Buffer.from('SodiumChloride'))}$${hex(scrypted)}`, 'pleaseletmein'],
    [`$pbkdf2-sha256$1$${ab64(Buffer.from('salt'))}$${hex(derived)}`, 'passwd'],
  ] as const) {
    const foreign = parseForeign(hash)
    assert.ok(foreign, hash)
    assert.equal(await verifyForeign(foreign, new Secret(password)), true, hash)
  }
})

test('bcrypt is computed on another thread: everything else goes on meanwhile', async () => {
  const foreign = parseForeign(bcrypt.hashSync(goodPassword, 11))
  assert.ok(foreign)
  let turns = 0
  let going = true
  const turn = () => {
    turns++
    if (going) setImmediate(turn)
  }
  setImmediate(turn)
  assert.equal(await verifyForeign(foreign, new Secret(goodPassword)), true)
  going = false
  // On this thread bcryptjs lets others in ten times a second.
  assert.ok(turns > 100, `${turns} turns of the event loop`)
})

test('a hash that would cost too much work, or is none, is not taken', () => {
  for (const hash of [
    `$2b$31$${'a'.repeat(53)}`,
    `$pbkdf2-sha256$9999999$${ab64(salt)}$${'a'.repeat(43)}`,
    `$scrypt$ln=30,r=8,p=1$${ab64(salt)}$${'a'.repeat(43)}`,
    `$scrypt$ln=10,r=8,p=99$${ab64(salt)}$${'a'.repeat(43)}`,
    'plain text',
    '{SSHA}abc',
    '',
  ])
    assert.equal(parseForeign(hash), undefined, hash)
})

onEachEngine('an imported hash opens the account once it is right, and is Argon2id from then on', (scratch) =>
  inServer(scratch, async ({ server, api }) => {
    const home = (await api('GET', '/api/organizations')).body.items[0].id
    for (const [name, hash] of Object.entries(hashes(goodPassword))) {
      const { body: user } = await api('POST', '/api/users', { organizationId: home, username: name })
      const imported = await api('POST', `/api/users/${user.id}/import-password`, { hash })
      assert.equal(imported.status, 200, JSON.stringify(imported.body))
      assert.equal((await api('POST', `/api/users/${user.id}/import-password`, { hash })).status, 409)
      assert.equal((await new FormBrowser(server.url).signIn(name, 'not the password')).status, 401)
      assert.equal((await new FormBrowser(server.url).signIn(name)).at, '/account', name)
      const rows = await server.storage.db.selectFrom('passwords').selectAll().execute()
      assert.match(rows.find(({ user_id }) => user_id === user.id)?.phc ?? '', /^\$argon2id\$/)
      assert.equal((await new FormBrowser(server.url).signIn(name)).at, '/account', name)
    }
    const { body: other } = await api('POST', '/api/users', { organizationId: home, username: 'other' })
    const bad = await api('POST', `/api/users/${other.id}/import-password`, {
      hash: 'md5:5f4dcc3b5aa765d61d8327deb882cf99',
    })
    assert.equal(bad.status, 422)
    assert.equal(bad.body.code, 'authentication.hash_unknown')
    await until(
      async () => (await api('GET', '/api/events?type=authentication.password_upgraded')).body.items.length === 4,
    )
    const { body: events } = await api('GET', '/api/events?limit=200')
    for (const hash of Object.values(hashes(goodPassword)).slice(1)) assert.ok(!JSON.stringify(events).includes(hash))
  }),
)

const sha1 = (text: string) => createHash('sha1').update(text).digest('hex').toUpperCase()

test('the breached list finds every line of its file, the first and the last included, and nothing else', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'breached-'))
  try {
    for (const newline of ['\n', '\r\n']) {
      const words = Array.from({ length: 500 }, (_, index) => `password ${index}`)
      const lines = words.map((word, index) => `${sha1(word)}:${index * 7919}`).sort()
      const path = join(directory, 'list.txt')
      writeFileSync(path, lines.join(newline) + (newline === '\n' ? '' : newline))
      const list = await BreachedPasswords.open(path)
      for (const word of words) assert.equal(await list.has(new Secret(word)), true, word)
      for (let index = 500; index < 900; index++) assert.equal(await list.has(new Secret(`password ${index}`)), false)
      await list.close()
    }
    const wrong = join(directory, 'wrong.txt')
    writeFileSync(wrong, 'hunter2\n')
    await assert.rejects(BreachedPasswords.open(wrong), { code: 'config.invalid' })
    await assert.rejects(BreachedPasswords.open(join(directory, 'none')), { code: 'config.invalid' })
  } finally {
    rmSync(directory, { recursive: true })
  }
})

onEachEngine('a strong password that was in a breach is refused with a sentence that says so', (scratch) => {
  const directory = mkdtempSync(join(tmpdir(), 'breached-'))
  const path = join(directory, 'list.txt')
  writeFileSync(path, `${sha1(goodPassword)}:3\n`)
  const environment = { GATEHOUSE_BREACHED_PASSWORDS_FILE: path }
  return inServer(
    scratch,
    async ({ api }) => {
      const home = (await api('GET', '/api/organizations')).body.items[0].id
      const { body: user } = await api('POST', '/api/users', { organizationId: home, username: 'alice' })
      const { body: link } = await api('POST', `/api/users/${user.id}/invitation-link`)
      const refused = await api('POST', '/api/enrolments', { token: link.token, password: goodPassword })
      assert.equal(refused.status, 422)
      assert.match(refused.body.detail, /data breach/)
      const done = await api('POST', '/api/enrolments', { token: link.token, password: `${goodPassword} else` })
      assert.equal(done.status, 201)
    },
    environment,
  ).finally(() => rmSync(directory, { recursive: true }))
})
