import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'audit.person_not_deleted': {
    status: 409,
    says: 'Delete the user first: the log of who is still there is not erased',
  },
  'audit.person_unknown': { status: 404, says: 'The audit log has nothing about this user' },
  'audit.person_unsettled': {
    status: 503,
    says: 'The newest events about this user are still on their way into the log',
  },
  'audit.search_empty': { status: 400, says: 'The text to search for holds no letter and no digit' },
  'audit.sinks_invalid': { status: 500, says: 'The file of sinks cannot be used' },
  'audit.sink_unknown': { status: 404, says: 'There is no such sink in the file of sinks' },
  'audit.policy_invalid': { status: 500, says: 'The policy file of the witnesses cannot be used' },
  'audit.entry_unknown': { status: 404, says: 'The audit log has no such entry yet' },
  'audit.tile_unknown': { status: 404, says: 'The audit log has no such tile' },
  'audit.ledger_broken': {
    status: 503,
    says: 'The audit log does not verify against its own checkpoint: see docs/audit.md, "The ledger is broken"',
  },
})
