import assert from 'node:assert/strict'
import { bundleOf, inHouse } from '../../../test/support/authorization.ts'
import { onEachEngine } from '../../../test/support/engines.ts'
import { ownPages } from '../../../test/support/gateway.ts'

onEachEngine(
  'a subject named by an access token is whom the token speaks for, with who acts in the context',
  (scratch) =>
    inHouse(scratch, async (house) => {
      const application = await house.application()
      const person = await house.user()
      const organization = { type: 'Organization', id: house.home }
      const attrs = {
        name: 'agent',
        active: true,
        owner: { __entity: person },
        organization: { __entity: organization },
      }
      await house.put({ uid: { type: 'Machine', id: 'machine_agent' }, attrs, parents: [organization] })
      await house.activate(
        bundleOf(application, house.home, {
          schema: `entity record;
          action read, write appliesTo { principal: [User], resource: [record],
            context: { actor?: Machine, actors?: Set<Machine> } };`,
          policies: `@id("all") permit (principal, action, resource);
          @id("people-write") forbid (principal, action == Action::"write", resource) when { context has actor };`,
        }),
      )
      const web = await house.web()
      const tokens: Record<string, { sub: string; act?: { sub: string } }> = {
        own: { sub: person.id },
        agent: { sub: person.id, act: { sub: 'machine_agent' } },
        odd: { sub: person.id, act: { sub: 'machine_gone' } },
      }
      await house.authorization.attachGateway(web, {
        applications: { async *loadAll() {}, load: async () => undefined },
        sessions: { ofRequest: async () => undefined, find: async () => undefined },
        tokens: {
          verify: () => 'none',
          read: (token, audience) => (audience === application.id ? tokens[token] : undefined),
        },
        keyring: house.keyring,
        pages: ownPages,
      })
      const decide = async (token: string, action: string) => {
        const reply = await web.app.inject({
          method: 'POST',
          url: '/access/v1/evaluation',
          headers: { 'content-type': 'application/json', 'x-test-actor': `Application ${application.id}` },
          // What a caller writes of an actor counts for nothing beside what the token says.
          payload: JSON.stringify({
            subject: { type: 'access_token', id: token },
            action: { name: action },
            resource: { type: 'record', id: '1' },
          }),
        })
        return reply.json().decision
      }
      assert.deepEqual([await decide('own', 'read'), await decide('own', 'write')], [true, true])
      assert.deepEqual([await decide('agent', 'read'), await decide('agent', 'write')], [true, false])
      assert.deepEqual([await decide('odd', 'read'), await decide('invented', 'read')], [false, false])
    }),
)
