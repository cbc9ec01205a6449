// A Fastify route that decides nothing, with the same body sizes: what HTTP alone costs. Prints its port when it listens.
import Fastify from 'fastify'

const app = Fastify({ logger: false })
app.post(
  '/access/v1/evaluation',
  {
    schema: {
      body: { type: 'object', properties: { subject: { type: 'object' }, resource: { type: 'object' } } },
      response: { 200: { type: 'object', properties: { decision: { type: 'boolean' } } } },
    },
  },
  async (_request, reply) => {
    reply.header('x-request-id', 'AAAAAAAAAAAAAAAAAAAA')
    return { decision: true }
  },
)
const address = await app.listen({ host: '127.0.0.1', port: 0 })
console.log(new URL(address).port)
