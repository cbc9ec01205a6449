import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'config.invalid': { status: 500, says: 'The configuration is not valid' },
})
