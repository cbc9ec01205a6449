import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'observability.backup_key_missing': {
    status: 400,
    says: 'Give either a passphrase of 12 characters or more, or a recipient',
  },
  'observability.backup_unreadable': {
    status: 400,
    says: 'The backup does not open: wrong passphrase or key, or the file is damaged or cut short',
  },
  'observability.restore_not_empty': {
    status: 409,
    says: 'The database is not empty: restore into a new one',
  },
})
