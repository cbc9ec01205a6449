// `npm run gateway`: the demo service behind a gateway, at the address that examples/acme registers, until Ctrl-C.
import { preferredGateway, startGateway } from './launch.ts'
import { type Document, startDocuments } from './service.ts'

const gatehouse = new URL(process.env.GATEHOUSE_URL ?? 'http://localhost:8080')
const origin = 'http://documents.localhost:9080'
const documents = new Map<string, Document>([
  ['welcome', { title: 'Welcome to Acme', text: 'Coffee is on the second floor. Ask anybody anything.' }],
  ['budget', { title: 'Budget', text: 'We will spend more on locks this year, and less on keys.' }],
])

const service = await startDocuments(documents, 0)
const { port } = service.address() as { port: number }
const gateway = await startGateway(preferredGateway(), {
  origin,
  gatehouse,
  service: new URL(`http://127.0.0.1:${port}`),
})
console.log(`The documents service is behind ${gateway.name}. Open ${origin}/documents/welcome (Ctrl-C ends both)`)
const stop = async () => {
  await gateway.stop()
  process.exit(0)
}
process.once('SIGINT', stop)
process.once('SIGTERM', stop)
