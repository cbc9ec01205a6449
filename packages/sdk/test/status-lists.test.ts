import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deflateSync, inflateSync } from 'node:zlib'
import { type GatehouseError, KeySet, StatusLists, statusAt } from '@gatehouse/sdk'
import { claimsAt, issuer, makeKey, StillTime, signJwt } from './support/signer.ts'

const key = makeKey('k1')
const uri = `${issuer}/status-lists/abc`
const header = { alg: 'ES256', typ: 'statuslist+jwt', kid: 'k1' }
const bytesOf = (...bytes: number[]) => deflateSync(Buffer.from(bytes)).toString('base64url')

function open(answer: (time: StillTime) => string) {
  const time = new StillTime()
  const state = { asked: 0, down: false, urls: [] as string[] }
  const fetch: typeof globalThis.fetch = async (input) => {
    const url = String(input)
    if (url.endsWith('/jwks')) return Response.json({ keys: [key.jwk] })
    state.asked++
    state.urls.push(url)
    if (state.down) throw new TypeError('connection refused')
    return new Response(answer(time))
  }
  const keys = new KeySet({ url: `${issuer}/oauth/jwks`, fetch }, time)
  const lists = new StatusLists({ base: `${issuer}/status-lists/`, fetch }, keys, time)
  const check = (status: unknown) =>
    lists.check({ ...claimsAt(time.ms), ...(status !== undefined && { status }) } as never)
  const at = (idx: unknown, of: unknown = uri) => check({ status_list: { idx, uri: of } })
  const refused = (promise: Promise<void>, code: string, what?: string) =>
    assert.rejects(promise, (error: GatehouseError) => error.code === code, what)
  return { time, state, check, at, refused }
}

const list = (time: StillTime, more: object = {}, head: object = {}, by = key) => {
  const iat = Math.floor(time.ms / 1_000)
  const claims = { sub: uri, iat, exp: iat + 600, ttl: 60, status_list: { bits: 1, lst: 'eNrbuRgAAhcBXQ' } }
  return signJwt(by, { ...header, ...head }, { ...claims, ...more })
}

test('statuses are read from the least significant bit up, of one, two, four or eight bits (Token Status List 4.1)', () => {
  const bytes = inflateSync(Buffer.from('eNrbuRgAAhcBXQ', 'base64url'))
  const ones = Array.from({ length: 16 }, (_, index) => statusAt({ bytes, bits: 1 }, index))
  assert.deepEqual(ones, [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1])
  const twos = Array.from({ length: 12 }, (_, index) =>
    statusAt({ bytes: Uint8Array.of(0xc9, 0x44, 0xf9), bits: 2 }, index),
  )
  assert.deepEqual(twos, [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3])
  assert.equal(statusAt({ bytes: Uint8Array.of(0x21), bits: 4 }, 1), 2)
  assert.equal(statusAt({ bytes: Uint8Array.of(1, 7), bits: 8 }, 1), 7)
  assert.equal(statusAt({ bytes, bits: 1 }, 16), undefined)
})

test('a token counts by its place; one that names none is not asked about; one list answers for all in it', async () => {
  const it = open((time) => list(time))
  await it.check(undefined)
  assert.equal(it.state.asked, 0)
  await it.at(1)
  await it.refused(it.at(0), 'token.invalid')
  await it.refused(it.at(16), 'token.invalid', 'beyond the end')
  await Promise.all(Array.from({ length: 50 }, () => it.at(2)))
  assert.equal(it.state.asked, 1)
  it.time.ms += 60_000
  await Promise.all(Array.from({ length: 50 }, () => it.at(2)))
  assert.equal(it.state.asked, 2, 'once it is no longer fresh')
})

test('an outage is lived through until the list ends, and then nothing that names it counts', async () => {
  const it = open((time) => list(time))
  await it.at(1)
  it.state.down = true
  it.time.ms += 599_000
  await it.at(1)
  await it.refused(it.at(0), 'token.invalid')
  it.time.ms += 1_000
  await it.refused(it.at(1), 'status.unavailable')
  const never = open(() => 'x')
  await never.refused(never.at(1), 'status.unavailable')
  await never.refused(never.at(1), 'status.unavailable')
  assert.equal(never.state.asked, 1, 'a list that cannot be had is not asked for at each request')
})

test('no list of another address, of another list, unsigned, ended, too large or of strange sizes is believed', async () => {
  const it = open((time) => list(time))
  const foreign = [
    'https://evil.example/status-lists/abc',
    `${issuer}/status-lists/../oauth/jwks`,
    `${issuer}.evil/status-lists/a`,
  ]
  for (const address of [...foreign, `${issuer}/status-lists/`, 7]) await it.refused(it.at(1, address), 'token.invalid')
  for (const idx of [-1, 0.5, '1', undefined]) await it.refused(it.at(idx), 'token.invalid')
  assert.deepEqual(it.state.urls, [], 'and no request goes there')
  const bomb = deflateSync(Buffer.alloc(17 * 2 ** 20)).toString('base64url')
  const bad: Record<string, (time: StillTime) => string> = {
    'of another list': (time) => list(time, { sub: `${uri}x` }),
    'of another type': (time) => list(time, {}, { typ: 'at+jwt' }),
    'by another key': (time) => list(time, {}, {}, makeKey('k1')),
    unsigned: (time) => `${list(time).split('.').slice(0, 2).join('.')}.`,
    ended: (time) => list(time, { exp: Math.floor(time.ms / 1_000) }),
    'without a list': (time) => list(time, { status_list: undefined }),
    'of three bits': (time) => list(time, { status_list: { bits: 3, lst: bytesOf(0) } }),
    'not compressed': (time) => list(time, { status_list: { bits: 1, lst: 'AAAA' } }),
    'a bomb': (time) => list(time, { status_list: { bits: 1, lst: bomb } }),
  }
  for (const [what, answer] of Object.entries(bad)) {
    const one = open(answer)
    await one.refused(one.at(1), 'status.unavailable', what)
  }
})
