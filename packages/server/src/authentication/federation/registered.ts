import { definePurposes } from '#keyring'
import type { Migration } from '#storage'

/** What this folder seals. Registered when the house starts, which is before most of the folder is loaded. */
export const purposes = {
  providerSecret: 'authentication.provider',
  identity: 'authentication.identity',
  waitingIdentity: 'authentication.waiting_identity',
} as const
definePurposes({
  [purposes.providerSecret]: 'Secrets by which Gatehouse is known at identity providers',
  [purposes.identity]: 'What identity providers know people by',
  [purposes.waitingIdentity]: 'What identity providers know people by who wait for an account',
})

export const federationMigrations: readonly Migration[] = [
  {
    id: '0650_authentication_linked_identities',
    sql: `create table linked_identities (organization_id text not null, id text not null, provider_id text not null, user_id text not null,
  subject_hash text not null, sealed bytea not null, linked_at int8 not null, used_at int8, opens int8 not null,
  primary key (organization_id, id));
create unique index linked_identities_by_subject on linked_identities (organization_id, subject_hash);
create index linked_identities_by_user on linked_identities (organization_id, user_id);
create index linked_identities_by_provider on linked_identities (organization_id, provider_id);`,
  },
  {
    id: '0651_authentication_federated_sessions',
    sql: `create table federated_sessions (session_id text primary key, organization_id text not null, user_id text not null,
  provider_id text not null, identity_id text not null, sid_hash text, expires_at int8 not null);
create index federated_sessions_by_provider on federated_sessions (organization_id, provider_id);
create index federated_sessions_by_expiry on federated_sessions (expires_at);
alter table sessions add column provider text;
alter table sign_in_attempts add column federation text;`,
  },
  {
    id: '0652_authentication_federation_flows',
    sql: `create table federation_flows (state_hash text primary key, key_hash text not null, organization_id text not null,
  provider_id text not null, user_id text, session_id text, return_to text not null, acr text, fresh int8 not null,
  expires_at int8 not null);
create index federation_flows_by_expiry on federation_flows (expires_at);`,
  },
  {
    id: '0653_authentication_provider_secrets',
    sql: `create table provider_secrets (organization_id text not null, provider_id text not null, sealed bytea not null,
  set_at int8 not null, primary key (organization_id, provider_id));`,
  },
  {
    id: '0654_authentication_waiting_identities',
    sql: `create table waiting_identities (organization_id text not null, registration_id text not null, provider_id text not null,
  sealed bytea not null, primary key (organization_id, registration_id));`,
  },
]
