import type { Objective } from './objective.ts'

/** What is kept for emergencies is not used without being told. */
export const breakGlassObjectives: readonly Objective[] = [
  {
    name: 'break-glass',
    says: 'Accounts that are kept for emergencies are not used',
    component: 'platform',
    target: 1,
    indicator: {
      kind: 'ratio',
      bad: [{ metric: 'break_glass_uses_total', labels: { kind: ['account'] } }],
      total: [{ metric: 'break_glass_uses_total', labels: { kind: ['account'] } }],
    },
    severity: 'ticket',
    runbook: 'break-glass',
    leastEvents: 1,
  },
  {
    name: 'break-glass-grants',
    says: 'Nobody holds a role that is kept for emergencies',
    component: 'platform',
    target: 1,
    indicator: { kind: 'gauge', gauge: { metric: 'authorization_break_glass_grants' }, above: 0 },
    severity: 'ticket',
    runbook: 'break-glass',
    leastEvents: 1,
  },
]
