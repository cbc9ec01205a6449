import { type Configuration, errors } from 'oidc-provider'
import { record } from '#feed'
import type { Clock } from '#kernel'
import '../events.ts'
import { actorOfClient, type PersonSource, type RegisteredClient } from '../ports.ts'
import type { PersonAccount } from './accounts.ts'
import { Unit } from './unit.ts'

/** Requests that may wait for one person at a time. */
const openMost = 10

export interface CibaDeps {
  readonly people: PersonSource
  readonly clock: Clock
  readonly registeredOf: (client: object) => RegisteredClient | undefined
}

/** Sign-in that begins at the application and is answered elsewhere (OpenID Connect CIBA Core 1.0): polled, or told of by a ping. */
export function ciba(deps: CibaDeps) {
  return {
    ciba: {
      enabled: true,
      deliveryModes: ['poll', 'ping'],
      // People see what waits for them at `/oauth/requests`; the event tells whoever notifies them.
      triggerAuthenticationDevice: async (_ctx, request, account, client) => {
        const { person } = account as PersonAccount
        const registered = deps.registeredOf(client)
        const unit = Unit.current()
        const before = await unit.waiting('BackchannelAuthenticationRequest', person.id)
        const open = before.filter(({ payload }) => payload.grantId === undefined && payload.error === undefined)
        // Whoever is asked again and again allows it in the end, to have peace.
        if (open.length >= openMost) throw new errors.AccessDenied('too many requests wait for this person already')
        const { binding_message: message } = (request.params ?? {}) as { binding_message?: string }
        unit.also((tx) =>
          record(
            tx,
            { ...unit.act, ...(registered !== undefined && { actor: actorOfClient(registered) }) },
            {
              type: 'tokens.sign_in_requested',
              atMs: deps.clock.nowMs(),
              organizationId: person.organizationId,
              object: { type: 'User', id: person.id, name: person.username },
              touches: [],
              data: {
                clientId: client.clientId,
                subject: person.id,
                scopes: String(request.scope ?? '').split(' '),
                ...(message !== undefined && { message }),
              },
            },
          ),
        )
      },
      validateBindingMessage: (_ctx, message) => {
        if (message !== undefined && !/^[\p{L}\p{N}\p{P}\p{S}\p{Zs}]{1,64}$/u.test(message))
          throw new errors.InvalidBindingMessage('the binding message must be 1 to 64 characters that can be shown')
      },
      validateRequestContext: (_ctx, context) => {
        if (context !== undefined) throw new errors.InvalidRequest('request_context is not supported')
      },
      processLoginHintToken: async () => {
        throw new errors.InvalidRequest('login_hint_token is not supported: use login_hint or id_token_hint')
      },
      processLoginHint: async (ctx, hint) => {
        const client = ctx.oidc.client && deps.registeredOf(ctx.oidc.client)
        if (client === undefined || hint === undefined || hint.length > 254) return undefined
        return (await deps.people.findByLogin(client.organizationId, hint))?.id
      },
      verifyUserCode: async (_ctx, _account, code) => {
        if (code !== undefined) throw new errors.InvalidRequest('user_code is not supported')
      },
    },
  } satisfies Configuration['features']
}
