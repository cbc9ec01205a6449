import { defineEvents } from '#feed'

declare module '#feed' {
  interface EventCatalogue {
    'observability.backup_created': {
      sealedFor: 'passphrase' | 'recipient'
      rootKeyIncluded: boolean
      archivesIncluded?: boolean
    }
  }
}
defineEvents({ 'observability.backup_created': 'A backup was read out' })
