import { record } from '#feed'
import { type Act, Fault, Secret, Type } from '#kernel'
import { Answer, type Operation, operation } from '#web'
import type { Person } from '../deps.ts'
import { deleteFactors } from '../factors/delete-factors.ts'
import { readFactors } from '../factors/factors.ts'
import { setPassword } from '../factors/write-factors.ts'
import { anonymousAct, needsSecondFactorOf } from '../http/visitor.ts'
import type { Services } from '../services.ts'
import { requirePerson } from '../sessions/session.routes.ts'
import { actOfPerson } from '../sessions/sessions.ts'
import { takeLink } from './link.store.ts'
import { linkLifetimeMs, makeUserLink, requireLink } from './make-link.ts'

const params = Type.Object({ userId: Type.String() })
const linkSchema = Type.Object({
  url: Type.String({ description: 'Hand it to the person by a way that only they read. It works once' }),
  token: Type.String({ description: 'The fragment of the address' }),
  expiresAtMs: Type.Integer(),
})

/** Links by which people come to have something to sign in with. */
export function linkOperations(services: Services): Operation[] {
  const { storage, gate, administrators, sessions, clock, outbox, people } = services
  return [
    operation({
      id: 'users.invitationLink',
      method: 'POST',
      url: '/api/users/:userId/invitation-link',
      summary: 'Make a one-time link by which a user who has nothing to sign in with yet enrols; voids any former link',
      access: { kind: 'action', action: 'inviteUser' },
      schemas: { params, reply: linkSchema },
      handle: async ({ act, params }) => {
        const person = await requireInvitable(act, params.userId)
        const { value, at } = await storage.write((tx) => makeUserLink(tx, services, act, person, 'invitation'))
        return new Answer(value, { status: 201, at })
      },
    }),
    operation({
      id: 'users.invitationMail',
      method: 'POST',
      url: '/api/users/:userId/invitation-mail',
      summary: 'Send such a link to the user’s own e-mail address; nobody else sees it. Voids any former link',
      access: { kind: 'action', action: 'inviteUser' },
      schemas: { params, reply: Type.Object({ to: Type.String(), expiresAtMs: Type.Integer() }) },
      handle: async ({ act, params }) => {
        const person = await requireInvitable(act, params.userId)
        if (!outbox.reaches(person) || person.email === undefined) throw new Fault('authentication.mail_impossible')
        const { value, at } = await storage.write(async (tx) => {
          const link = await makeUserLink(tx, services, act, person, 'invitation', person.email)
          const days = Math.round(linkLifetimeMs.invitation / 86_400_000)
          const organization = person.organization.displayName
          await outbox.put(tx, person, 'invitation', { url: link.url, organization, days })
          return link
        })
        return new Answer({ to: person.email, expiresAtMs: value.expiresAtMs }, { status: 202, at })
      },
    }),
    operation({
      id: 'users.resetFactors',
      method: 'POST',
      url: '/api/users/:userId/reset-factors',
      summary:
        'Take away every way in which a user signs in, end their sessions, and make a one-time link to enrol again',
      access: { kind: 'action', action: 'resetFactors' },
      schemas: { params, reply: linkSchema },
      handle: async ({ act, params }) => {
        const person = await requirePerson(services, params.userId)
        gate.require(act, 'resetFactors', { type: 'User', id: person.id })
        administrators.refuseWider(act, person.id)
        requireOpen(person)
        const { value, at } = await storage.write(async (tx) => {
          const data = await deleteFactors(tx, person.organizationId, person.id)
          // Whoever got in where only the person should have may have confirmed the address too.
          if (person.emailVerified) await people.update(tx, act, person.id, { emailVerified: false })
          await record(tx, act, {
            type: 'authentication.factors_reset',
            atMs: clock.nowMs(),
            organizationId: person.organizationId,
            object: { type: 'User', id: person.id, name: person.username },
            data,
            touches: [],
          })
          await sessions.endAll(tx, act, person.organizationId, person.id, 'factors reset')
          return makeUserLink(tx, services, act, person, 'reset')
        })
        sessions.cache.forgetUser(person.id)
        return new Answer(value, { status: 201, at })
      },
    }),
    operation({
      id: 'enrolments.redeem',
      method: 'POST',
      url: '/api/enrolments',
      summary: 'Use a one-time link to set a first password, without a browser; for people who need no second factor',
      access: { kind: 'protocol', why: 'the token of the link is the credential' },
      schemas: {
        body: Type.Object(
          { token: Type.String({ maxLength: 100 }), password: Type.String({ maxLength: 1_000 }) },
          { additionalProperties: false },
        ),
        reply: Type.Object({ userId: Type.String(), username: Type.String() }),
      },
      handle: async ({ body, raw }) => redeem(services, anonymousAct(raw), body.token, new Secret(body.password)),
    }),
  ]

  /** A user who has nothing to sign in with yet, whom the actor may invite. */
  async function requireInvitable(act: Act, userId: string): Promise<Person> {
    const person = await requirePerson(services, userId)
    gate.require(act, 'inviteUser', { type: 'User', id: person.id })
    administrators.refuseWider(act, person.id)
    requireOpen(person)
    const factors = await readFactors(storage.db, person.organizationId, person.id)
    if (factors.passwordSetAtMs !== undefined || factors.passkeys.length > 0)
      throw new Fault('authentication.already_enrolled')
    return person
  }
}

function requireOpen(person: Person): void {
  if (person.state === 'barred') throw new Fault('authentication.user_barred')
}

async function redeem(services: Services, act: Act, token: string, password: Secret) {
  const { storage, people, passwords, clock } = services
  const link = await requireLink(services, token)
  const person = link.userId && (await people.find(storage.db, link.userId))
  if (link.purpose === 'recovery' || !person || person.state === 'barred')
    throw new Fault('authentication.link_invalid')
  if (needsSecondFactorOf(services, person)) throw new Fault('authentication.second_factor_needed')
  const phc = await passwords.hashNew(password, [person.username, person.name, person.email])
  const { at } = await storage.write(async (tx) => {
    const used = await takeLink(tx, link.keyHash, clock.nowMs())
    if (used === undefined) throw new Fault('authentication.link_invalid')
    const own = actOfPerson(act, person)
    if (used.mailedTo !== undefined) await people.confirmEmail(tx, own, person.id, used.mailedTo)
    await record(tx, own, {
      type: 'authentication.link_used',
      atMs: clock.nowMs(),
      organizationId: person.organizationId,
      object: { type: 'User', id: person.id, name: person.username },
      data: { purpose: link.purpose },
      touches: [],
    })
    await people.activate(tx, { ...act, actor: { type: 'system', name: link.purpose } }, person.id)
    await setPassword(tx, services, own, person, phc, 'link')
  })
  return new Answer({ userId: person.id, username: person.username }, { status: 201, at })
}
