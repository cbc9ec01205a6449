import { domainOfEmail, listActiveProviders } from '#directory'
import type { Organization } from '../deps.ts'
import type { Services } from '../services.ts'

/** A provider as a sign-in page names it. */
export interface Offered {
  readonly id: string
  readonly displayName: string
}

/**
 * The providers to offer somebody at an organization's door: all of them, or once they have said who they are, those for
 * everybody and those of their e-mail domain. The same for a name that nobody has.
 */
export async function offeredProviders(
  { storage }: Pick<Services, 'storage'>,
  organization: Pick<Organization, 'id'> | undefined,
  login?: string,
): Promise<Offered[]> {
  if (organization === undefined) return []
  const domain = login === undefined ? undefined : domainOfEmail(login)
  const fits = (domains: readonly string[]) =>
    login === undefined || domains.length === 0 || (domain !== undefined && domains.includes(domain))
  return (await listActiveProviders(storage.db, organization.id))
    .filter(({ domains }) => fits(domains))
    .map(({ id, displayName }) => ({ id, displayName }))
}
