import type { Migration } from '#storage'
import { proofMigrations } from './account/address-proof.store.ts'
import { previewMigrations } from './branding/preview.store.ts'
import { federationMigrations } from './federation/registered.ts'
import { outboxMigrations } from './mail/outbox.store.ts'
import { mailCodeMigrations } from './mail-codes/mail-code.store.ts'
import { registrationMigrations } from './registration/registration.store.ts'
import { suspectMigrations } from './sign-in/suspects.ts'

export const authenticationMigrations: readonly Migration[] = [
  ...outboxMigrations,
  ...previewMigrations,
  ...proofMigrations,
  ...registrationMigrations,
  ...suspectMigrations,
  ...mailCodeMigrations,
  ...federationMigrations,
  {
    id: '0630_authentication_factors_shown',
    sql: `alter table sign_in_attempts add column factors text;
alter table sign_in_attempts add column needs text;
alter table sessions add column factors text;`,
  },
  {
    id: '0632_authentication_remembered_devices',
    sql: `alter table known_devices add column trusted_until int8;
alter table known_devices add column id text;
alter table known_devices add column agent text;`,
  },
  {
    id: '0631_authentication_session_addresses',
    sql: 'create index sessions_by_address on sessions (organization_id, address);',
  },
  {
    id: '0632_authentication_wanted_acr',
    sql: `alter table sign_in_attempts add column acr text;`,
  },
  {
    id: '0600_authentication_sessions',
    sql: `create table sessions (key_hash text primary key, id text not null, organization_id text not null, user_id text not null,
  started_at int8 not null, authenticated_at int8 not null, seen_at int8 not null, idle_until int8 not null, expires_at int8 not null,
  amr text not null, acr text not null, address text, agent text);
create unique index sessions_by_id on sessions (id);
create index sessions_by_user on sessions (organization_id, user_id, started_at);
create index sessions_by_expiry on sessions (expires_at);
create index sessions_by_idle on sessions (idle_until);`,
  },
  {
    id: '0601_authentication_factors',
    sql: `create table passwords (organization_id text not null, user_id text not null, phc text not null, set_at int8 not null,
  primary key (organization_id, user_id));
create table totp_secrets (organization_id text not null, user_id text not null, sealed bytea not null, last_step int8 not null,
  enrolled_at int8 not null, primary key (organization_id, user_id));
create table passkeys (organization_id text not null, user_id text not null, id text not null, credential_id text not null,
  public_key bytea not null, counter int8 not null, transports text not null, name text not null, backed_up int8 not null,
  aaguid text not null, added_at int8 not null, used_at int8, primary key (organization_id, user_id, id));
create unique index passkeys_by_credential on passkeys (credential_id);
create table recovery_codes (organization_id text not null, user_id text not null, code_hash text not null, used_at int8,
  primary key (organization_id, user_id, code_hash));`,
  },
  {
    id: '0602_authentication_attempts',
    sql: `create table sign_in_attempts (key_hash text primary key, id text not null, purpose text not null, stage text not null,
  organization_id text, user_id text, login text not null, return_to text not null, amr text not null, challenge text,
  pending bytea, link_hash text, failures int8 not null, expires_at int8 not null);
create index sign_in_attempts_by_expiry on sign_in_attempts (expires_at);
create table sign_in_throttles (key_hash text primary key, failures int8 not null, blocked_until int8 not null, expires_at int8 not null);
create index sign_in_throttles_by_expiry on sign_in_throttles (expires_at);
create table known_devices (key_hash text primary key, organization_id text not null, user_id text not null, expires_at int8 not null);
create index known_devices_by_user on known_devices (organization_id, user_id);
create index known_devices_by_expiry on known_devices (expires_at);
create table one_time_links (key_hash text primary key, purpose text not null, organization_id text not null, user_id text,
  expires_at int8 not null, used_at int8);
create index one_time_links_by_user on one_time_links (organization_id, user_id);
create index one_time_links_by_expiry on one_time_links (expires_at);`,
  },
]
