import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'audit.archive_away': {
    status: 503,
    says: 'The archive that holds this entry is not in the directory of archives: bring its file back',
  },
  'audit.archive_damaged': { status: 503, says: 'An archive of the audit log is not the file that was written' },
  'audit.held': { status: 409, says: 'A legal hold is on entries of this person: release it first' },
  'audit.hold_invalid': { status: 400, says: 'The hold names nothing, or ends before it begins' },
  'audit.hold_unknown': { status: 404, says: 'There is no such hold in force' },
  'audit.retention_invalid': { status: 400, says: 'The retention cannot be set so' },
  'audit.retention_below_minimum': {
    status: 409,
    says: 'The operator keeps every entry longer than that: the minimum can be changed for the whole installation only',
  },
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
