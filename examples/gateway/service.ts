// The service behind the gateway: documents by id. It knows nothing of Gatehouse: it reads who asks from the headers that the
// gateway sets, and serves what arrives, because what may not arrive does not.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

export interface Document {
  readonly title: string
  readonly text: string
}

const greatestBody = 64 * 1024

/** Starts the service. @param port 0 takes a free one */
export function startDocuments(documents: Map<string, Document>, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    serve(documents, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error))
    })
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

async function serve(documents: Map<string, Document>, request: IncomingMessage, response: ServerResponse) {
  const { pathname } = new URL(request.url ?? '/', 'http://documents')
  const id = /^\/documents\/([a-z0-9-]{1,64})$/.exec(pathname)?.[1]
  const document = id === undefined ? undefined : documents.get(id)
  if (id === undefined || document === undefined) return send(request, response, 404, { error: 'no such document' })
  const reader = request.headers['gatehouse-username'] || request.headers['gatehouse-subject']
  switch (request.method) {
    case 'GET':
      return send(request, response, 200, { id, ...document, reader, headers: identityHeaders(request) })
    case 'PUT': {
      const text = await readBody(request)
      if (text === undefined) return send(request, response, 413, { error: 'too large' })
      documents.set(id, { ...document, text })
      return send(request, response, 200, { id, ...document, text, reader })
    }
    default:
      return send(request, response, 405, { error: 'GET or PUT' })
  }
}

/** Every header that speaks of identity, so that tests see what a service would believe. */
function identityHeaders(request: IncomingMessage): Record<string, unknown> {
  return Object.fromEntries(Object.entries(request.headers).filter(([name]) => /^gatehouse[-_]/.test(name)))
}

function send(request: IncomingMessage, response: ServerResponse, status: number, body: Record<string, unknown>): void {
  if (status === 200 && request.method === 'GET' && request.headers.accept?.includes('text/html')) {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page(body))
    return
  }
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > greatestBody) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const escapeHtml = (value: unknown) => String(value ?? '').replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`)

function page(document: Record<string, unknown>): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(document.title)} · Acme documents</title>
<style>
  body { font: 1rem/1.6 system-ui, sans-serif; margin: 0; color: #1d2433; background: #f5f6f8 }
  header { background: #1d2433; color: #fff; padding: .8rem 2rem; display: flex; justify-content: space-between }
  main { max-width: 42rem; margin: 3rem auto; background: #fff; padding: 2.5rem 3rem; border-radius: 10px; box-shadow: 0 1px 4px #0002 }
  h1 { margin: 0 0 1rem }
</style>
<header><strong>Acme documents</strong><span id="reader">${escapeHtml(document.reader)}</span></header>
<main><h1>${escapeHtml(document.title)}</h1><p>${escapeHtml(document.text)}</p></main>
`
}
