import type { Command } from 'commander'
import { action } from '../session.ts'

interface Whoami {
  readonly actor?: {
    readonly type: string
    readonly id?: string
    readonly name: string
    readonly organizationId?: string
  }
  readonly via?: string
}

/** `gatehouse whoami`: who the server takes this command for. */
export function addWhoami(program: Command): void {
  program
    .command('whoami')
    .description('show who you are to Gatehouse, and which Gatehouse that is')
    .action(
      action(async ({ client, out }) => {
        const { body } = await client.get<Whoami>('/api/whoami')
        out.fields({ url: client.url, ...body }, [
          ['Gatehouse', client.url],
          ['You are', body.actor?.name],
          ['Type', body.actor?.type],
          ['Id', body.actor?.id],
          ['Organization', body.actor?.organizationId],
          ['By', body.via ?? client.kind],
        ])
      }),
    )
}
