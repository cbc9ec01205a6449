import { errors, interactionPolicy } from 'oidc-provider'
import { isBarredFrom } from '../built-in-client.ts'
import type { PersonSource } from '../ports.ts'
import type { ClientCache } from './clients.ts'

/** Why the sign-in page is asked to begin anew, without the person who is signed in. */
export const otherOrganization = 'other_organization'

/**
 * INVARIANT: people sign in to applications of their own organization. A session of another one is none here: else every tenant's users
 * were known to every tenant's applications, and a link to one that asks nothing would tell it who follows it.
 */
export function ownPeople({ clients, people }: { readonly clients: ClientCache; readonly people: PersonSource }) {
  return new interactionPolicy.Check(
    otherOrganization,
    'the application is for people of another organization',
    'login_required',
    async (ctx) => {
      const { session, client, result } = ctx.oidc
      if (session?.accountId === undefined || client === undefined) return interactionPolicy.Check.NO_NEED_TO_PROMPT
      const [registered, person] = await Promise.all([clients.find(client.clientId), people.find(session.accountId)])
      if (person !== undefined && isBarredFrom(person, registered?.id))
        throw new errors.AccessDenied('the organization has the command line off')
      if (registered?.anyOrganization === true) return interactionPolicy.Check.NO_NEED_TO_PROMPT
      // Who is not found is nobody, and refused as such.
      if (person === undefined || person.organizationId === registered?.organizationId)
        return interactionPolicy.Check.NO_NEED_TO_PROMPT
      if (result?.login === undefined) return interactionPolicy.Check.REQUEST_PROMPT
      throw new errors.AccessDenied('the application is for people of another organization')
    },
  )
}
