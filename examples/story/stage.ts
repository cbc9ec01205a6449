import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Browser } from 'playwright-core'
import { type ChildServer, freePort, startChildServer } from '../../bench/support/child-server.ts'
import { type Gateway, type GatewayKind, startGateway } from '../gateway/launch.ts'
import { type Document, startDocuments } from '../gateway/service.ts'
import { browserVisitor, httpVisitor, type Visitor } from './visitor.ts'

const acme = fileURLToPath(new URL('../acme', import.meta.url))

/** What the story plays on: a server in a process of its own, a service, a gateway before it, and people. */
export interface Stage {
  /** The server now running; after `restart` another process with the same data. */
  readonly server: ChildServer
  readonly data: string
  /** A copy of `examples/acme` whose application has this stage's address. */
  readonly files: string
  readonly gateway: Gateway
  /** Where people reach the service. */
  readonly origin: string
  newVisitor(): Promise<Visitor>
  /** Kills the server as a power cut would and starts it again. */
  killAndRestart(): Promise<ChildServer>
  close(): Promise<void>
}

export interface StageOptions {
  readonly gateway: GatewayKind
  readonly browser: Browser | undefined
  /** `GATEHOUSE_DATABASE`; default SQLite in the data directory. */
  readonly database?: string
}

export async function openStage(options: StageOptions): Promise<Stage> {
  const home = mkdtempSync(join(tmpdir(), 'gatehouse-story-'))
  const undo: (() => unknown)[] = [() => rmSync(home, { recursive: true, force: true })]
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const data = join(home, 'data')
    const port = await freePort()
    const { database } = options
    const environment: Record<string, string> = database === undefined ? {} : { GATEHOUSE_DATABASE: database }
    let server = await startChildServer({ data, port, environment })
    undo.push(() => server.stop())

    const service = await startDocuments(documents(), 0)
    undo.push(() => closeServer(service))
    const origin = `http://documents.localhost:${await freePort()}`
    const gateway = await startGateway(options.gateway, {
      origin,
      gatehouse: new URL(`http://127.0.0.1:${port}`),
      service: new URL(`http://127.0.0.1:${(service.address() as { port: number }).port}`),
    })
    undo.push(() => gateway.stop())

    const files = join(home, 'acme')
    cpSync(acme, files, { recursive: true })
    const main = join(files, 'acme.yaml')
    writeFileSync(main, readFileSync(main, 'utf8').replaceAll('http://documents.localhost:9080', origin))

    return {
      get server() {
        return server
      },
      data,
      files,
      gateway,
      origin,
      newVisitor: async () => {
        const visitor = options.browser === undefined ? httpVisitor() : await browserVisitor(options.browser)
        undo.push(() => visitor.close())
        return visitor
      },
      killAndRestart: async () => {
        await server.stop('SIGKILL')
        server = await startChildServer({ data, port, environment })
        return server
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const documents = () =>
  new Map<string, Document>([
    ['welcome', { title: 'Welcome to Acme', text: 'Coffee is on the second floor. Ask anybody anything.' }],
    ['budget', { title: 'Budget', text: 'We will spend more on locks this year, and less on keys.' }],
  ])

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
