import assert from 'node:assert/strict'
import { test } from 'node:test'
import cookie from '@fastify/cookie'
import Fastify from 'fastify'
import { systemEntropy } from '#kernel'
import { Cookies, csrfOf, flowOf } from './cookies.ts'

async function answered(url: string, sent?: string): Promise<{ cookies: string[]; read: string | undefined }> {
  const cookies = new Cookies(url, systemEntropy)
  const app = Fastify()
  await app.register(cookie)
  app.get('/', (request, reply) => {
    cookies.set(reply, 'session', 'A'.repeat(43), 60_000)
    cookies.flow(request, reply)
    return reply.send(cookies.read(request, 'session') ?? '')
  })
  const response = await app.inject({ url: '/', ...(sent !== undefined && { headers: { cookie: sent } }) })
  return { cookies: [response.headers['set-cookie'] ?? []].flat(), read: response.body || undefined }
}

test('over https every cookie is __Host-, Secure, HttpOnly, Lax, without a domain (RFC 6265bis 4.1.3.2)', async () => {
  const { cookies } = await answered('https://id.example.com')
  assert.equal(cookies.length, 2)
  for (const each of cookies) {
    assert.match(each, /^__Host-gatehouse-(session|flow)=[\w-]{43}; /)
    assert.match(each, /; Path=\/(;|$)/)
    for (const attribute of ['HttpOnly', 'Secure', 'SameSite=Lax']) assert.ok(each.includes(`; ${attribute}`), each)
    assert.ok(!/domain/i.test(each))
  }
  assert.match(cookies.find((each) => each.includes('session')) as string, /Max-Age=60;/)
})

test('over plain http, which is for loopback only, the names have no prefix, as browsers would refuse it', async () => {
  for (const each of (await answered('http://localhost:8080')).cookies) {
    assert.match(each, /^gatehouse-/)
    assert.ok(!each.includes('Secure'))
  }
})

test('a cookie without the prefix, or of another shape, is not read over https', async () => {
  const token = 'B'.repeat(43)
  assert.equal((await answered('https://id.example.com', `gatehouse-session=${token}`)).read, undefined)
  assert.equal((await answered('https://id.example.com', `__Host-gatehouse-session=${token}`)).read, token)
  assert.equal((await answered('https://id.example.com', `__Host-gatehouse-session=${token}x`)).read, undefined)
})

test('what a form must carry tells nothing of the cookie, and is another for each', () => {
  const one = flowOf('A'.repeat(43))
  assert.equal(one.csrf, csrfOf(one.token))
  assert.notEqual(one.csrf, flowOf('B'.repeat(43)).csrf)
  assert.ok(!one.keyHash.includes(one.token) && !one.csrf.includes(one.token))
})
