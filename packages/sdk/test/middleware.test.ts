import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { test } from 'node:test'
import type { Gatehouse } from '@gatehouse/sdk'
import { authorize as expressAuthorize } from '@gatehouse/sdk/express'
import { authorize as fastifyAuthorize } from '@gatehouse/sdk/fastify'
import { type AuthorizedEnv, authorize as honoAuthorize } from '@gatehouse/sdk/hono'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type House, inHouse, until } from './support/house.ts'

interface Service {
  readonly url: string
  close(): Promise<unknown>
}

const listen = async (server: Server): Promise<Service> => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  const close = () => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  }
  return { url: `http://127.0.0.1:${port}`, close }
}

const frameworks: Record<string, (gatehouse: Gatehouse) => Promise<Service>> = {
  fastify: async (gatehouse) => {
    const app = fastify()
    const needs = fastifyAuthorize(gatehouse, {
      action: 'read',
      resource: (request) => ({ type: 'document', id: (request.params as { id: string }).id }),
    })
    app.get('/documents/:id', { preHandler: needs }, async (request) => ({
      subject: request.gatehouse?.subject,
      requestId: request.gatehouse?.requestId,
    }))
    const url = await app.listen({ host: '127.0.0.1', port: 0 })
    return { url, close: () => app.close() }
  },
  express: async (gatehouse) => {
    const app = express()
    const needs = expressAuthorize(gatehouse, {
      action: 'read',
      resource: (request) => ({ type: 'document', id: String(request.params.id) }),
    })
    app.get('/documents/:id', needs, (request, response) => {
      response.json({ subject: request.gatehouse?.subject, requestId: request.gatehouse?.requestId })
    })
    return listen(createServer(app))
  },
  hono: async (gatehouse) => {
    const app = new Hono<AuthorizedEnv>()
    const needs = honoAuthorize(gatehouse, {
      action: 'read',
      resource: (c) => ({ type: 'document', id: c.req.param('id') as string }),
    })
    app.get('/documents/:id', needs, (c) => {
      const { subject, requestId } = c.get('gatehouse')
      return c.json({ subject, requestId })
    })
    return listen(createServer(getRequestListener(app.fetch)))
  },
}

const inService = (name: string, body: (house: House, service: Service, gatehouse: Gatehouse) => Promise<void>) =>
  inHouse(async (house) => {
    const gatehouse = house.gatehouse()
    const service = await (frameworks[name] as (typeof frameworks)[string])(gatehouse)
    try {
      await body(house, service, gatehouse)
    } finally {
      await service.close()
    }
  })

for (const name of Object.keys(frameworks)) {
  test(`${name}: who may is let through with who it is; nobody, no right and no counting token are refused as problems`, () =>
    inService(name, async (house, service) => {
      const alice = await house.idOf('users', 'alice')
      const get = (path: string, headers: Record<string, string> = {}) => fetch(`${service.url}${path}`, { headers })
      const token = house.mint(alice)

      const allowed = await get('/documents/welcome', {
        authorization: `Bearer ${token}`,
        'x-request-id': `sdk-${name}`,
      })
      assert.equal(allowed.status, 200, JSON.stringify(house.errors))
      assert.deepEqual(await allowed.json(), { subject: { type: 'User', id: alice }, requestId: `sdk-${name}` })
      assert.equal(allowed.headers.get('x-request-id'), `sdk-${name}`)
      // One request id finds the decision too.
      const record = await house.api.call('GET', `/api/decisions?requestId=sdk-${name}`)
      assert.equal(record.body.items[0].outcome, 'allow')

      const nobody = await get('/documents/welcome')
      assert.equal(nobody.status, 401)
      assert.match(nobody.headers.get('www-authenticate') as string, /^Bearer, DPoP algs="ES256/)
      assert.match(nobody.headers.get('content-type') as string, /^application\/problem\+json/)
      const bob = house.mint(await house.idOf('users', 'bob'))
      const denied = await get('/documents/secret', { authorization: `Bearer ${bob}` })
      assert.equal(denied.status, 403)
      assert.equal(((await denied.json()) as { code: string }).code, 'decision.denied')
      const forged = await get('/documents/welcome', { authorization: `Bearer ${token.slice(0, -8)}AAAAAAAA` })
      assert.equal(forged.status, 401)
      assert.equal(forged.headers.get('www-authenticate'), 'Bearer error="invalid_token"')

      // A revocation reaches the service over its stream, within a second.
      await house.api.call('POST', `/api/users/${alice}/suspend`, {})
      const took = await until(
        'the token is refused',
        async () => (await get('/documents/welcome', { authorization: `Bearer ${token}` })).status === 401,
      )
      assert.ok(took < 1_000, `${took} ms`)
    }))
}

test('a bound token counts with its proof for this very request, and each proof once (RFC 9449 4.3, 7.1)', () =>
  inService('fastify', async (house, service) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const jwk = await exportJWK(publicKey)
    const token = house.mint(await house.idOf('users', 'alice'), { cnf: { jkt: await calculateJwkThumbprint(jwk) } })
    const proofOf = (htu: string, htm = 'GET', of = token) =>
      new SignJWT({ htu, htm, ath: createHash('sha256').update(of).digest('base64url') })
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
        .setIssuedAt()
        .setJti(randomUUID())
        .sign(privateKey)
    const url = `${service.url}/documents/welcome`
    const get = (headers: Record<string, string>) => fetch(url, { headers })
    const proof = await proofOf(url)
    assert.equal((await get({ authorization: `DPoP ${token}`, dpop: proof })).status, 200)
    const again = await get({ authorization: `DPoP ${token}`, dpop: proof })
    assert.equal(again.status, 401)
    assert.match(again.headers.get('www-authenticate') as string, /^DPoP error="invalid_dpop_proof", algs="ES256/)
    const wrong = {
      'as a bearer token': { authorization: `Bearer ${token}` },
      'without a proof': { authorization: `DPoP ${token}` },
      'for another path': { authorization: `DPoP ${token}`, dpop: await proofOf(`${service.url}/documents/x`) },
      'for another method': { authorization: `DPoP ${token}`, dpop: await proofOf(url, 'POST') },
      'for another token': { authorization: `DPoP ${token}`, dpop: await proofOf(url, 'GET', 'x') },
    }
    for (const [what, headers] of Object.entries(wrong)) assert.equal((await get(headers)).status, 401, what)
  }))

test('while the server is away nothing is let through, and comes back with it: fail closed', () =>
  inHouse(async (house) => {
    let away = false
    const guarded: typeof fetch = (input, init) =>
      away ? Promise.reject(new TypeError('connection refused')) : fetch(input, init)
    const gatehouse = house.gatehouse({ calls: { fetch: guarded, totalMs: 1_500 } })
    const service = await (frameworks.express as (typeof frameworks)[string])(gatehouse)
    try {
      const headers = { authorization: `Bearer ${house.mint(await house.idOf('users', 'alice'))}` }
      const get = () => fetch(`${service.url}/documents/welcome`, { headers })
      assert.equal((await get()).status, 200)
      away = true
      const refused = await get()
      assert.equal(refused.status, 503)
      assert.equal(refused.headers.get('retry-after'), '1')
      away = false
      assert.equal((await get()).status, 200)
    } finally {
      await service.close()
    }
  }))
