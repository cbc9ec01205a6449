import type { Command } from 'commander'
import { findApplicationId, findMachineId } from '../../client/find.ts'
import { usage } from '../../failure.ts'
import { action } from '../../session.ts'

interface TrustOptions {
  readonly machine: string
  readonly app: string
  readonly organization?: string
  readonly issuer?: string
}

interface Named {
  readonly issuer: string
  /** Host and path of the issuer, as AWS names providers. */
  readonly host: string
  readonly subject: string
  readonly audience: string
  readonly name: string
}

/** `gatehouse trust …`: what to paste elsewhere, so that our tokens are taken there as proof of who a machine is. */
export function addTrust(program: Command): void {
  const trust = program
    .command('trust')
    .description('print what another system must be told to take our tokens of a machine: aws, gcp, azure, vault')
  const add = <O extends object>(
    name: string,
    says: string,
    more: (command: Command) => Command,
    render: (named: Named, options: O) => string,
  ) =>
    more(
      trust
        .command(name)
        .description(says)
        .requiredOption('--machine <machine>', 'whose tokens they are')
        .requiredOption('--app <application>', 'the application that stands for the other system here: the audience')
        .option('--organization <name>', 'where they are looked for')
        .option('--issuer <address>', 'public address of this Gatehouse (default: the one spoken to)'),
    ).action(
      action<TrustOptions & O>(async ({ client, out }, options) => {
        const issuer = options.issuer ?? client.url
        const url = URL.parse(issuer)
        if (url === null) throw usage(`"${issuer}" is not an address`)
        const named = {
          issuer: url.origin,
          host: url.host,
          subject: await findMachineId(client, options.machine, options.organization),
          audience: await findApplicationId(client, options.app, options.organization),
          name: options.machine.replace(/[^\w-]/g, '-'),
        }
        const text = render(named, options)
        out.answer({ ...named, text }, () => text)
        if (url.protocol !== 'https:')
          out.remark(`${name} fetches our keys from ${url.origin}: that must be https and reachable for it`)
        out.remark(
          `Then, in the machine: gatehouse token exchange, or client credentials, with resource=urn:gatehouse:${named.audience}`,
        )
      }),
    )

  add<{ account?: string }>(
    'aws',
    'IAM: an OpenID Connect provider, and the trust policy of a role (AssumeRoleWithWebIdentity)',
    (command) => command.option('--account <id>', 'the AWS account', '111122223333'),
    ({ issuer, host, subject, audience }, { account }) =>
      `# aws iam create-open-id-connect-provider --url ${issuer} --client-id-list ${audience}
${JSON.stringify(
  {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Federated: `arn:aws:iam::${account}:oidc-provider/${host}` },
        Action: 'sts:AssumeRoleWithWebIdentity',
        Condition: { StringEquals: { [`${host}:sub`]: subject, [`${host}:aud`]: audience } },
      },
    ],
  },
  undefined,
  2,
)}`,
  )

  add<{ project?: string; pool?: string }>(
    'gcp',
    'workload identity federation: a provider of a pool, and who it may be',
    (command) =>
      command.option('--project <number>', 'the project', '123456789').option('--pool <name>', 'the pool', 'gatehouse'),
    (
      { issuer, subject, audience, name },
      { project, pool },
    ) => `gcloud iam workload-identity-pools providers create-oidc gatehouse \\
  --location=global --workload-identity-pool=${pool} \\
  --issuer-uri=${issuer} --allowed-audiences=${audience} \\
  --attribute-mapping=google.subject=assertion.sub \\
  --attribute-condition="assertion.sub == '${subject}'"
gcloud iam service-accounts add-iam-policy-binding ${name}@PROJECT_ID.iam.gserviceaccount.com \\
  --role=roles/iam.workloadIdentityUser \\
  --member="principal://iam.googleapis.com/projects/${project}/locations/global/workloadIdentityPools/${pool}/subject/${subject}"`,
  )

  add<{ object?: string }>(
    'azure',
    'a federated credential of an app registration or managed identity; the application must have access_token_algorithm RS256',
    (command) => command.option('--object <id>', 'the app registration', 'APP_OBJECT_ID'),
    ({ issuer, subject, audience, name }, { object }) =>
      `# Azure takes RS256 only: the application that stands for it here needs oauth.access_token_algorithm RS256.
az ad app federated-credential create --id ${object} --parameters '${JSON.stringify({
        name: `gatehouse-${name}`,
        issuer,
        subject,
        audiences: [audience],
      })}'`,
  )

  add<{ policy?: string }>(
    'vault',
    'a role of the JWT auth method of Vault or OpenBao',
    (command) => command.option('--policy <name>', 'policy of the role', 'default'),
    ({ issuer, subject, audience, name }, { policy }) => `vault auth enable jwt
vault write auth/jwt/config oidc_discovery_url=${issuer} bound_issuer=${issuer}
vault write auth/jwt/role/${name} role_type=jwt user_claim=sub \\
  bound_audiences=${audience} bound_subject=${subject} token_policies=${policy} token_ttl=15m`,
  )
}
