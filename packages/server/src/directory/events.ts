import { defineEvents } from '#feed'

/** Names of what changed. Of what is not a person, the event's `changes` hold the values too; personal data, which events outlive, never. */
interface Changed {
  changed: string[]
}
interface Moved {
  from: string
  to: string
  reason?: string
}

declare module '#feed' {
  interface EventCatalogue {
    'directory.organization_created': { name: string }
    'directory.organization_updated': Changed
    'directory.organization_activated': Moved
    'directory.organization_suspended': Moved
    'directory.organization_deleted': Moved
    'directory.organization_reached': { state: string; type: string; count: number }
    'directory.user_invited': Moved
    'directory.user_updated': Changed
    'directory.user_activated': Moved
    'directory.user_suspended': Moved
    'directory.user_deactivated': Moved
    'directory.user_deleted': Moved
    'directory.group_created': { name: string }
    'directory.group_updated': Changed
    'directory.group_deleted': { name: string }
    'directory.group_members_added': { members: string[] }
    'directory.group_members_removed': { members: string[] }
    'directory.machine_created': { name: string; owner: string }
    'directory.machine_updated': Changed
    'directory.machine_activated': Moved
    'directory.machine_suspended': Moved
    'directory.machine_deactivated': Moved
    'directory.machine_deleted': Moved
    'directory.machine_orphaned': { owner: string }
    'directory.trust_deleted': { machine: string; issuer: string }
    'directory.machine_secret_issued': { secretId: string; replaced: string[] }
    'directory.machine_secret_revoked': { secretId: string }
    'directory.machine_key_registered': { kid: string; expiresAt: string; ending: string[] }
    'directory.machine_key_revoked': { kid: string }
    /** `kid`: of a key, or the public id of a secret. */
    'directory.machine_key_ending': { kind: 'key' | 'secret'; kid: string; days: number; expiresAt: string }
    'directory.application_created': { name: string }
    'directory.application_updated': Changed
    'directory.application_activated': Moved
    'directory.application_suspended': Moved
    'directory.application_deleted': Moved
    'directory.application_secret_issued': { secretId: string; replaced: string[] }
    'directory.application_secret_revoked': { secretId: string }
    'directory.provider_created': { name: string; issuer: string }
    /** `narrowed`: something it says no longer counts as a second factor. */
    'directory.provider_updated': Changed & { narrowed?: boolean }
    'directory.provider_activated': Moved
    'directory.provider_suspended': Moved
    'directory.provider_deleted': { name: string; issuer: string }
  }
}

defineEvents({
  'directory.organization_created': 'An organization was created',
  'directory.organization_updated': 'An organization was changed',
  'directory.organization_activated': 'An organization was activated: its people and programs may use it again',
  'directory.organization_suspended': 'An organization was suspended: all access of its people and programs ends',
  'directory.organization_deleted': 'An organization was deleted; a tombstone stays',
  'directory.organization_reached': 'The suspension or activation of an organization reached some of what is in it',
  'directory.user_invited': 'A user was invited and may enrol',
  'directory.user_updated': 'A user was changed',
  'directory.user_activated': 'A user was activated',
  'directory.user_suspended': 'A user was suspended: sessions and tokens end',
  'directory.user_deactivated': 'A user was deactivated: sessions and tokens end',
  'directory.user_deleted': 'A user was deleted and their personal data erased; a tombstone stays',
  'directory.group_created': 'A group was created',
  'directory.group_updated': 'A group was changed',
  'directory.group_deleted': 'A group was deleted',
  'directory.group_members_added': 'Members were added to a group',
  'directory.group_members_removed': 'Members were removed from a group',
  'directory.machine_created': 'A machine (service account) was created',
  'directory.machine_updated': 'A machine was changed',
  'directory.machine_activated': 'A machine was activated',
  'directory.machine_suspended': 'A machine was suspended: its tokens end',
  'directory.machine_deactivated': 'A machine was deactivated: its tokens end',
  'directory.machine_deleted': 'A machine was deleted; a tombstone stays',
  'directory.machine_orphaned': 'A machine lost its owner: give it a new one',
  'directory.trust_deleted': 'A trust in outside workloads was taken from a machine: tokens that came by it end',
  'directory.machine_secret_issued': 'A client secret was issued to a machine',
  'directory.machine_secret_revoked': 'A client secret of a machine was revoked',
  'directory.machine_key_registered': 'A public key of a machine was registered',
  'directory.machine_key_revoked': 'A public key of a machine was revoked',
  'directory.machine_key_ending': 'A key or secret of a machine ends soon: register the next one',
  'directory.application_created': 'An application was registered',
  'directory.application_updated': 'An application was changed',
  'directory.application_activated': 'An application was activated',
  'directory.application_suspended': 'An application was suspended: its tokens end',
  'directory.application_deleted': 'An application was deleted; a tombstone stays',
  'directory.application_secret_issued': 'A client secret was issued to an application',
  'directory.application_secret_revoked': 'A client secret of an application was revoked',
  'directory.provider_created': 'An identity provider was set up: people may sign in by it',
  'directory.provider_updated': 'An identity provider was changed',
  'directory.provider_activated': 'An identity provider was activated: people may sign in by it again',
  'directory.provider_suspended':
    'An identity provider was suspended: nobody signs in by it, sessions that came by it end',
  'directory.provider_deleted': 'An identity provider was deleted, with the links to it; sessions that came by it end',
})
