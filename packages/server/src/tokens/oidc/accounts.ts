import type { Account, AccountClaims } from 'oidc-provider'
import { isBarredFrom } from '../built-in-client.ts'
import type { Person, PersonSource } from '../ports.ts'

/** A person as the provider sees them. */
export interface PersonAccount extends Account {
  readonly person: Person
}

/** Only people in force are found: whoever was suspended a moment ago gets no token, whatever they still hold. */
export async function findAccount(
  people: PersonSource,
  userId: string,
  clientId: string | undefined,
): Promise<PersonAccount | undefined> {
  const person = await people.find(userId)
  if (person === undefined || isBarredFrom(person, clientId)) return undefined
  return { accountId: person.id, person, claims: async () => claimsOf(person) }
}

/** Standard claims (OIDC Core §5.1); the provider shows those that the granted scopes name. */
export function claimsOf(person: Person): AccountClaims {
  return {
    sub: person.id,
    name: person.name,
    preferred_username: person.username,
    locale: person.locale,
    updated_at: person.updatedAtMs === undefined ? undefined : Math.floor(person.updatedAtMs / 1_000),
    email: person.email,
    email_verified: person.email === undefined ? undefined : (person.emailVerified ?? false),
    organization_id: person.organizationId,
  }
}
