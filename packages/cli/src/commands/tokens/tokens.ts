import { type Command, Option } from 'commander'
import { findLogin } from '../../client/credential.ts'
import { freshToken } from '../../client/logins/use-login.ts'
import { requestToken } from '../../client/token-request.ts'
import { exits, Failure, usage } from '../../failure.ts'
import { action, type CommonOptions } from '../../session.ts'
import { findAssertion, platforms } from './assertions.ts'

interface ExchangeOptions {
  readonly url?: string
  readonly from?: string
  readonly file?: string
  readonly client?: string
  readonly assertionAudience?: string
  readonly audience?: string
  readonly scope?: string[]
}

/** `gatehouse token …`: access tokens for programs and scripts. */
export function addTokens(program: Command): void {
  const token = program
    .command('token')
    .description('print an access token of your login (--url or --profile), renewed when it ends within a minute')
    .action(
      action<CommonOptions>(async ({ out }, options) => {
        const { url: _, ...rest } = options
        const url = options.url ?? options.server
        const login = findLogin(process.env, { ...rest, ...(url !== undefined && { url }) })
        if (login === undefined)
          throw new Failure('You are not logged in', { exit: exits.denied, next: 'gatehouse login --url ADDRESS' })
        const { accessToken, expiresAtMs } = await freshToken(process.env, login)
        out.answer({ accessToken, expiresAt: new Date(expiresAtMs).toISOString() }, () => accessToken)
      }),
    )

  token
    .command('exchange')
    .description("print an access token in exchange for the one that this workload's platform signs for it")
    .addOption(new Option('--from <platform>', 'where that token is (default: found out)').choices([...platforms]))
    .option('--file <path>', 'the file that holds it; - for standard input')
    .option('--client <machine>', 'id of the machine to be, when several trust this workload')
    .option(
      '--assertion-audience <text>',
      "what the platform's token is addressed to (default: the address of Gatehouse)",
    )
    .option('--audience <application>', 'id of the application, or address, that the new token is for')
    .option('--scope <scope...>', 'scopes it is to have')
    .action(
      action<ExchangeOptions>(async ({ out }, options) => {
        const url = options.url ?? process.env.GATEHOUSE_URL
        if (url === undefined) throw usage('Which Gatehouse?', 'Give --url or GATEHOUSE_URL')
        const assertion = await findAssertion({
          environment: process.env,
          audience: options.assertionAudience ?? new URL(url).origin,
          ...(options.from !== undefined && { from: options.from }),
          ...(options.file !== undefined && { file: options.file }),
        })
        const got = await requestToken(url, {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: assertion,
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          client_id: options.client,
          audience: options.audience,
          scope: options.scope?.join(' '),
        })
        out.answer(got, () => got.access_token)
      }),
    )
}
