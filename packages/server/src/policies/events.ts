import { defineEvents } from '#feed'

declare module '#feed' {
  interface EventCatalogue {
    'policies.bundle_activated': {
      /** SHA-256 of the bundle, hex. */
      hash: string
      /** Of the bundle that was in force before. */
      before?: string
      kind: 'apply' | 'rollback'
      comment?: string
    }
    'policies.configuration_applied': { creates: number; updates: number; deletes: number; fingerprint: string }
  }
}

defineEvents({
  'policies.bundle_activated': 'A policy bundle of an application was put in force',
  'policies.configuration_applied': 'A configuration in files was applied; its changes have events of their own',
})
