import { hash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { Fault } from '#kernel'
import '../faults.ts'
import { type StatusLists, statusListPath, statusListSeconds, statusListType } from './status-lists.ts'

/** Serves status lists to whoever asks, also from a page of another origin (§8.1): they say nothing of anybody but by a token at hand. */
export function mountStatusLists(app: FastifyInstance, lists: StatusLists): void {
  app.get<{ Params: { list: string } }>(`${statusListPath}/:list`, async (request, reply) => {
    const { list } = request.params
    const jwt = /^[\w-]{22}$/.test(list) ? await lists.find(list) : undefined
    reply.header('access-control-allow-origin', '*')
    reply.header('cross-origin-resource-policy', 'cross-origin')
    if (jwt === undefined) throw new Fault('tokens.status_list_unknown')
    const etag = `"${hash('sha256', jwt, 'base64url').slice(0, 22)}"`
    reply.header('cache-control', `public, max-age=${statusListSeconds.ttl / 2}`).header('etag', etag)
    const held = request.headers['if-none-match']
    if (held?.split(',').some((one) => one.trim() === etag)) return reply.code(304).send()
    return reply.type(statusListType).send(jwt)
  })
}
