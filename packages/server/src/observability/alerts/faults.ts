import { defineFaults } from '#kernel'

export const faults = defineFaults({
  'observability.alert_unknown': { status: 404, says: 'There is no alert of this id' },
  'observability.alert_over': { status: 409, says: 'The alert is over, or somebody looks after it already' },
  'observability.silence_unknown': { status: 404, says: 'There is no silence of this id in force' },
  'observability.silence_invalid': {
    status: 400,
    says: 'A silence names an objective or a component, says why, and ends within 30 days',
  },
  'observability.objective_unknown': { status: 404, says: 'There is no objective of this name' },
})
