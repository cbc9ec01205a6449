import { Command, Option } from 'commander'
import pack from '../package.json' with { type: 'json' }
import { addAudit } from './commands/audit/audit.ts'
import { addCompletion } from './commands/completion.ts'
import { addConfiguration } from './commands/configuration/configuration.ts'
import { addDecide } from './commands/decisions/decide.ts'
import { addDecisions } from './commands/decisions/decisions.ts'
import { addReplicas } from './commands/decisions/replicas.ts'
import { addApplications } from './commands/directory/applications.ts'
import { addGroups } from './commands/directory/groups.ts'
import { addMachines } from './commands/directory/machines.ts'
import { addOrganizations } from './commands/directory/organizations.ts'
import { addProviders } from './commands/directory/providers.ts'
import { addRegistrations } from './commands/directory/registrations.ts'
import { addUsers } from './commands/directory/users.ts'
import { addEvents } from './commands/events/events.ts'
import { addGrants } from './commands/grants.ts'
import { addLogin } from './commands/login/login.ts'
import { addBackups } from './commands/operations/backups.ts'
import { addCompromise } from './commands/operations/compromise.ts'
import { addContain } from './commands/operations/contain.ts'
import { addDoctor } from './commands/operations/doctor.ts'
import { addFederation } from './commands/operations/federation.ts'
import { addKeys } from './commands/operations/keys.ts'
import { addServiceLevels } from './commands/operations/service-levels.ts'
import { addPdp } from './commands/pdp.ts'
import { addPolicies, addSignInPolicies } from './commands/policies/policies.ts'
import { addServe } from './commands/serve.ts'
import { addApiKeys } from './commands/tokens/api-keys.ts'
import { addTrust } from './commands/tokens/outgoing-trust.ts'
import { addRevoke } from './commands/tokens/revoke.ts'
import { addTokens } from './commands/tokens/tokens.ts'
import { addWhoami } from './commands/whoami.ts'

/**
 * The whole tree of commands. Shell completion and the documentation are made from it.
 * @param quiet wrong usage is thrown and not printed: whoever asked for JSON gets no sentences
 */
export function buildProgram({ quiet = false } = {}): Command {
  const program = new Command('gatehouse')
    .description('Gatehouse on the command line: sign-in, tokens, decisions and their record.')
    .version(pack.version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .option('--json', 'answer in JSON')
    .option('--url <address>', 'Gatehouse to talk to (default: the local one)')
    .addOption(new Option('--server <address>', 'the same as --url').hideHelp())
    .option('--profile <name>', 'the stored login to act by (default: GATEHOUSE_PROFILE, or the one of --url)')
    .option('--token <token>', 'access token; better in GATEHOUSE_TOKEN, which other users cannot see')
    .option('--data <directory>', "the local Gatehouse's data directory (default: GATEHOUSE_DATA or ./data)")
    .showHelpAfterError('(add --help for what this command takes)')
    .exitOverride()
    .configureOutput(quiet ? { writeErr: () => undefined } : {})
    .addHelpText(
      'after',
      `
On the machine where Gatehouse runs nothing needs to be set up: the command reads the local credential that the
server keeps in its data directory. Elsewhere "gatehouse login --url ADDRESS" signs you in once; or give GATEHOUSE_TOKEN.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 denied, 4 not found, 5 Gatehouse cannot be reached.`,
    )
  const add = [
    addServe,
    addLogin,
    addWhoami,
    addConfiguration,
    addOrganizations,
    addRegistrations,
    addUsers,
    addGroups,
    addProviders,
    addMachines,
    addApplications,
    addGrants,
    addTokens,
    addApiKeys,
    addRevoke,
    addContain,
    addTrust,
    addPolicies,
    addSignInPolicies,
    addDecide,
    addDecisions,
    addReplicas,
    addPdp,
    addEvents,
    addAudit,
    addKeys,
    addCompromise,
    addFederation,
    addBackups,
    addDoctor,
    addServiceLevels,
    addCompletion,
  ]
  for (const one of add) one(program)
  settle(program)
  return program
}

/** Subcommands take over the settings that commander does not hand down. */
function settle(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    child.helpOption('-h, --help', 'show help')
    settle(child)
  }
  if (command.commands.length > 0) command.helpCommand(false)
}
