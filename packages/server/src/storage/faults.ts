import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'storage.unavailable': { status: 503, says: 'The database does not answer. Try again shortly' },
  'storage.full': { status: 507, says: 'The disk is full: nothing was changed. Free space, then try again' },
  'storage.too_new': {
    status: 500,
    says: 'The database was written by a newer version of Gatehouse: start that version, or restore a backup of this one',
  },
  'storage.in_use': { status: 500, says: 'Another server uses this data directory: stop it first' },
  'storage.contended': { status: 503, says: 'Too many changes met at the same place. Try again' },
})
