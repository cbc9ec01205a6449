import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, test } from 'node:test'
import { findKeyStore, forgetSecrets, keepSecrets, readSecrets } from './key-store.ts'
import type { LoginSecrets } from './login.ts'

const directory = mkdtempSync(join(tmpdir(), 'gatehouse-keys-'))
const path = process.env.PATH
after(() => {
  process.env.PATH = path
  rmSync(directory, { recursive: true, force: true })
})

/**
 * A program under the name of macOS's own, which takes what `security(1)` takes: a command in the arguments, or with `-i` lines of them
 * by standard input, in double quotes where need be; it ends with 44 where an item is not there.
 */
const security = `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs')
const items = existsSync(${JSON.stringify(join(directory, 'items'))}) ? JSON.parse(readFileSync(${JSON.stringify(join(directory, 'items'))}, 'utf8')) : {}
const given = process.argv.slice(2)
appendFileSync(${JSON.stringify(join(directory, 'arguments'))}, given.join(' ') + '\\n')
const word = /"((?:[^"\\\\]|\\\\.)*)"|(\\S+)/g
const words = given[0] === '-i' ? [...readFileSync(0, 'utf8').trim().matchAll(word)].map((m) => m[1] ?? m[2]) : given
const [command, ...rest] = words
const of = (name) => rest[rest.indexOf(name) + 1]
const key = of('-s') + ' ' + of('-a')
if (command === 'add-generic-password') {
  if (items[key] !== undefined && !rest.includes('-U')) { console.error('already exists'); process.exit(45) }
  items[key] = of('-w')
} else if (items[key] === undefined) { console.error('The specified item could not be found in the keychain.'); process.exit(44) }
else if (command === 'find-generic-password') console.log(items[key])
else if (command === 'delete-generic-password') delete items[key]
else process.exit(2)
writeFileSync(${JSON.stringify(join(directory, 'items'))}, JSON.stringify(items))
`

test('on macOS the login lies in the keychain: kept, kept over, read, forgotten, and never in the arguments of a process', async () => {
  const program = join(directory, 'security')
  writeFileSync(program, security)
  chmodSync(program, 0o755)
  process.env.PATH = `${directory}${delimiter}${path}`
  assert.equal(findKeyStore({}, 'darwin'), 'security')
  assert.equal(findKeyStore({ GATEHOUSE_KEY_STORE: 'file' }, 'darwin'), 'file')
  const secrets = (refreshToken: string) =>
    ({ refreshToken, accessToken: 'at.jwt "quoted" \\', expiresAtMs: 1 }) as unknown as LoginSecrets
  await keepSecrets('security', 'work', secrets('first'))
  await keepSecrets('security', 'work', secrets('second'))
  await keepSecrets('security', 'home', secrets('other'))
  assert.deepEqual(await readSecrets('security', 'work'), secrets('second'))
  assert.deepEqual(await readSecrets('security', 'home'), secrets('other'))
  await forgetSecrets('security', 'work')
  await assert.rejects(readSecrets('security', 'work'), /security does not work here: The specified item/)
  assert.deepEqual(await readSecrets('security', 'home'), secrets('other'))
  const seen = readFileSync(join(directory, 'arguments'), 'utf8')
  assert.ok(existsSync(join(directory, 'items')))
  for (const line of seen.trim().split('\n'))
    assert.match(line, /^(-i|(find|delete)-generic-password -s gatehouse -a (work|home)( -w)?)$/)
})
