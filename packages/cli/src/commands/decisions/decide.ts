import { styleText } from 'node:util'
import type { Command } from 'commander'
import { findApplicationId } from '../../client/find.ts'
import { parseContext, parseUid } from '../../client/parse.ts'
import { exits } from '../../failure.ts'
import { plain } from '../../output/plain.ts'
import { action } from '../../session.ts'

interface Explanation {
  readonly outcome: string
  readonly says: string
  readonly reasons: readonly { readonly id: string; readonly role?: string; readonly says?: string }[]
  readonly nearly?: readonly Nearly[]
  readonly errors: readonly { readonly policy: string; readonly effect?: string; readonly message: string }[]
  readonly bundle: string
}

interface Nearly {
  readonly id: string
  readonly role?: string
  readonly outOfScope?: readonly string[]
  readonly failed?: {
    readonly kind: string
    readonly text: string
    readonly values: readonly { readonly expression: string; readonly value: string }[]
    readonly error?: string
  }
}

interface Answer {
  readonly decision: boolean
  readonly context?: Explanation
}

interface DecideOptions {
  readonly app: string
  readonly context?: string[]
  readonly explain?: boolean
}

/** `gatehouse decide SUBJECT ACTION RESOURCE`: asks what a service would ask (AuthZEN). A denial ends with exit code 3. */
export function addDecide(program: Command): void {
  program
    .command('decide <subject> <action> <resource>')
    .description('ask whether a subject may: user:alice read document:budget; exit code 0 allowed, 3 denied')
    .requiredOption('--app <application>', 'whose policies decide: its name, organization/name or id')
    .option('--context <name=value...>', 'facts of the request; true, false and whole numbers as such')
    .option('--explain', 'say why: which policies decided')
    .action(
      action<DecideOptions>(async ({ client, out }, options, subject, verb, resource) => {
        const applicationId = await findApplicationId(client, options.app)
        const body = {
          subject: parseUid(subject as string),
          action: { name: verb },
          resource: parseUid(resource as string),
          ...(options.context !== undefined && { context: parseContext(options.context) }),
          ...(options.explain === true && { options: { explain: true } }),
        }
        const headers = { 'gatehouse-application': applicationId }
        const reply = await client.post<Answer>('/access/v1/evaluation', body, { headers })
        const { decision, context } = reply.body
        out.answer({ ...reply.body, requestId: reply.requestId }, () => {
          const head = decision ? styleText('green', 'allowed') : styleText('red', 'denied')
          return context === undefined ? head : `${head}: ${renderExplanation(context)}`
        })
        if (!decision) process.exitCode = exits.denied
      }),
    )
}

function renderExplanation({ says, reasons, nearly = [], errors, bundle }: Explanation): string {
  return [
    plain(says),
    ...reasons.map(({ id, role, says }) => {
      const via = role === undefined ? '' : ` (role ${plain(role)})`
      return `  ${plain(id)}${via}${says === undefined ? '' : `: ${plain(says)}`}`
    }),
    ...nearly.map(renderNearly),
    ...errors.map(
      ({ policy, effect = 'policy', message }) =>
        `  ${styleText('yellow', plain(policy))}, a ${plain(effect)}, could not be evaluated: ${plain(message)}`,
    ),
    ...(bundle === '' ? [] : [styleText('dim', `  policies ${bundle.slice(0, 12)}`)]),
  ].join('\n')
}

/** A permit that came close: where its scope does not fit, or the clause that failed and what it compared. */
function renderNearly({ id, role, outOfScope = [], failed }: Nearly): string {
  const via = role === undefined ? '' : ` (role ${plain(role)})`
  const values = failed?.values.map(({ expression, value }) => `${plain(expression)} is ${plain(value)}`) ?? []
  const why =
    failed === undefined
      ? `it is for ${outOfScope.map(plain).join(', ')}`
      : [`${failed.kind} ${plain(failed.text)}`, ...values, ...(failed.error ? [plain(failed.error)] : [])].join('; ')
  return `  nearly ${plain(id)}${via}: ${why}`
}
