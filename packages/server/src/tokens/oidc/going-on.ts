import type { GoesOnAnswer, Person, RegisteredClient, SessionSource } from '../ports.ts'

/** What of a refresh token tells where it comes from. */
export interface Refreshing {
  readonly expiresWithSession?: boolean | undefined
  readonly sessionUid?: string | undefined
  readonly amr?: readonly string[] | undefined
}

/**
 * What sign-in policies say of new tokens for a refresh token, with what is so now: the hour, the person's rights, and where they are. A
 * public client is where the person is; one with credentials asks from its own server, so that the address of the session counts.
 * @returns undefined where there is nothing to ask
 */
export function askGoingOn(
  sessions: Pick<SessionSource, 'mayGoOn'>,
  client: Pick<RegisteredClient, 'id' | 'authMethod'>,
  person: Pick<Person, 'id' | 'organizationId'>,
  token: Refreshing,
  request: { readonly id: string; readonly address: string | undefined },
): Promise<GoesOnAnswer> | undefined {
  const sessionId = token.expiresWithSession === true ? token.sessionUid : undefined
  const isWithPerson = client.authMethod === 'none' || sessionId === undefined
  return sessions.mayGoOn?.({
    requestId: request.id,
    organizationId: person.organizationId,
    userId: person.id,
    sessionId,
    applicationId: client.id,
    address: isWithPerson ? request.address : undefined,
    amr: token.amr,
  })
}
