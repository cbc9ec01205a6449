import { defineEvents } from '#feed'

declare module '#feed' {
  interface EventCatalogue {
    'observability.backup_created': {
      sealedFor: 'passphrase' | 'recipient'
      rootKeyIncluded: boolean
      archivesIncluded?: boolean
    }
    'observability.backup_restored': {
      backupAt: string
      credentialsKept: boolean
      sessions: number
      tokens: number
      links: number
      apiKeys: number
      signingKeys: number
      machines: number
      applications: number
    }
  }
}
defineEvents({
  'observability.backup_created': 'A backup was read out',
  'observability.backup_restored':
    'The database was restored from a backup; what it could not know to be in force was ended',
})
