import { defineEvents } from '#feed'

declare module '#feed' {
  interface EventCatalogue {
    'authorization.resources_changed': { put: number; deleted: number; total: number }
  }
}

defineEvents({
  'authorization.resources_changed': 'Resources of an application were put or deleted',
})
