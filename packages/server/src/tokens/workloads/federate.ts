import type { IncomingMessage } from 'node:http'
import type Provider from 'oidc-provider'
import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { record } from '#feed'
import { isFault } from '#kernel'
import '../events.ts'
import { artifactId } from '../artifacts/artifact.ts'
import { assertionGrant, exchangeGrant } from '../exchange/grant-types.ts'
import { issueFor, tokenTypes } from '../exchange/issue.ts'
import { lifetimes, skewSeconds } from '../oidc/lifetimes.ts'
import { bodyOf, setBody } from '../oidc/request.ts'
import { Unit } from '../oidc/unit.ts'
import { type Admitted, type AssertionDeps, admit, issuerOf, type NotAdmitted } from './assertion.ts'

export const assertionParameters = ['assertion', 'resource', 'scope']

export interface Refusal {
  readonly status: number
  readonly error: string
  readonly says: string
}

const outsideTypes: readonly string[] = [tokenTypes.jwt, tokenTypes.idToken, tokenTypes.accessToken]

/** The assertion of an outside issuer that a token request stands on; undefined for every other request. */
function outsideAssertion(form: URLSearchParams, url: string): string | undefined {
  if (form.get('grant_type') === assertionGrant) return form.get('assertion') ?? undefined
  if (form.get('grant_type') !== exchangeGrant) return undefined
  const token = form.get('subject_token')
  if (token === null || !outsideTypes.includes(form.get('subject_token_type') ?? '')) return undefined
  const issuer = issuerOf(token)
  return issuer === undefined || issuer === url ? undefined : token
}

/**
 * Lets an outside workload in before the provider looks for a client: by its assertion the workload is the machine that a trust
 * names, and needs no secret (RFC 7523 §2.1, RFC 8693 §2.1: a client may go unauthenticated where the assertion is proof enough).
 * Whoever authenticates as a client beside that must be that machine.
 */
export async function federate(
  request: IncomingMessage,
  unit: Unit,
  deps: AssertionDeps,
): Promise<Refusal | undefined> {
  const body = bodyOf(request)
  if (body === undefined || !/grant_type=urn/.test(body.toString('latin1'))) return undefined
  const form = new URLSearchParams(body.toString('utf8'))
  for (const name of ['grant_type', 'assertion', 'subject_token', 'subject_token_type', 'client_id'])
    if (form.getAll(name).length > 1) return undefined // refused by the provider
  const token = outsideAssertion(form, deps.url)
  if (token === undefined) return undefined
  let found: Admitted | NotAdmitted
  try {
    found = await admit(deps, token, form.get('client_id') ?? undefined)
  } catch (error) {
    if (!isFault(error, 'web.issuer_unreachable')) throw error
    deps.health.count('unreachable', issuerOf(token), error.says)
    return { status: 503, error: 'temporarily_unavailable', says: error.says }
  }
  if (!('machine' in found)) {
    deps.health.count(found.why, issuerOf(token), found.says)
    recordNotAdmitted(unit, deps, found)
    return { status: 400, error: 'invalid_grant', says: found.says }
  }
  deps.health.count('admitted', found.issuer)
  unit.federated = found
  if (form.get('client_id') === null) {
    form.set('client_id', found.machine.id)
    setBody(request, Buffer.from(form.toString()))
  }
  return undefined
}

/** Issues the machine's token to a workload that was let in. @throws {errors.OIDCProviderError} `invalid_grant` when none was */
export async function issueToWorkload(provider: Provider, ctx: KoaContextWithOIDC, url: string): Promise<void> {
  const unit = Unit.current()
  const { federated } = unit
  const client = ctx.oidc.client as NonNullable<typeof ctx.oidc.client>
  if (federated === undefined) throw new errors.InvalidGrant('the assertion is none of an outside issuer')
  const { machine, trust, issuer, subject, jti, expiresAtSeconds } = federated
  if (machine.id !== client.clientId)
    throw new errors.InvalidGrant('the workload is another client than the one that asks')
  if (trust.singleUse) {
    if (jti === undefined) throw new errors.InvalidGrant('the assertion has no jti, and is to be taken once')
    const nowMs = Date.now()
    const untilMs = (expiresAtSeconds + 2 * skewSeconds) * 1_000
    unit.claim({
      id: artifactId('assertion', JSON.stringify([issuer, jti])),
      kind: 'Assertion',
      clientId: machine.id,
      subject: undefined,
      grantId: undefined,
      sessionId: undefined,
      payload: {},
      issuedAtMs: nowMs,
      expiresAtMs: untilMs,
      consumedAtMs: undefined,
    })
  }
  const params = ctx.oidc.params as Record<string, string | undefined>
  if (params.audience !== undefined && params.resource === undefined)
    Object.assign(params, {
      resource: /^(app|machine)_[0-9a-z]{26}$/.test(params.audience)
        ? `urn:gatehouse:${params.audience}`
        : params.audience === `${url}/`
          ? url
          : params.audience,
    })
  const grantType = String(params.grant_type)
  unit.exchange = {
    grantType,
    subject: machine.id,
    actors: [],
    sources: [],
    grantId: trust.id,
    sessionId: undefined,
    claims: { gid: trust.id },
    workload: { trustId: trust.id, issuer, subject: subject.slice(0, 500) },
  }
  await issueFor(provider, ctx, {
    subject: machine.id,
    scopes: params.scope === undefined || params.scope === '' ? machine.scopes : params.scope.split(' '),
    secondsMost: Math.min(trust.tokenSeconds, lifetimes.accessTokenMost),
    tellsType: grantType === exchangeGrant,
  })
}

/** On record only where the issuer has signed: whoever can send a request could else fill the record. */
function recordNotAdmitted(unit: Unit, { clock }: AssertionDeps, { known, says }: NotAdmitted): void {
  if (known === undefined) return
  const [machine] = known.machines
  unit.recordRefusal(async (tx) => {
    await record(tx, unit.act, {
      type: 'tokens.workload_refused',
      atMs: clock.nowMs(),
      organizationId: machine?.organizationId,
      object: { type: 'Machine', id: machine?.id ?? '' },
      touches: [],
      data: { issuer: known.issuer, subject: known.subject.slice(0, 500), reason: says },
    })
  })
}
