import type { Command } from 'commander'
import { Client } from './client/client.ts'
import { findCredential } from './client/credential.ts'
import { Output } from './output/output.ts'

/** Options that every command takes, before or after its name. */
export interface CommonOptions {
  readonly json?: boolean
  readonly url?: string
  /** The same, by its other name. */
  readonly server?: string
  /** A stored login by its name. */
  readonly profile?: string
  readonly token?: string
  readonly data?: string
}

/** What a command works with. */
export interface Session {
  readonly out: Output
  /** Made on first use: a command that needs no server does not look for one. */
  readonly client: Client
  /** The local server's data directory, as given. */
  readonly data: string
}

export function sessionOf(command: Command, environment: NodeJS.ProcessEnv = process.env): Session {
  const options = command.optsWithGlobals<CommonOptions>()
  const data = options.data ?? environment.GATEHOUSE_DATA ?? './data'
  let client: Client | undefined
  return {
    out: new Output(options.json === true),
    data,
    get client() {
      const token = options.token ?? environment.GATEHOUSE_TOKEN
      // GATEHOUSE_URL is the server's own setting: it names the server here only together with a token.
      const url = options.url ?? options.server ?? (token === undefined ? undefined : environment.GATEHOUSE_URL)
      const profile = options.profile ?? environment.GATEHOUSE_PROFILE
      client ??= new Client(
        findCredential({
          data,
          environment,
          ...(url && { url }),
          ...(token && { token }),
          ...(profile && { profile }),
        }),
      )
      return client
    },
  }
}

/** Wraps a command's action: gives it its session, its own options and its arguments. */
export function action<O extends object>(
  run: (session: Session, options: O, ...args: string[]) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command
    const args = given.slice(0, -2).flat() as string[]
    await run(sessionOf(command), command.optsWithGlobals<O>(), ...args)
  }
}
